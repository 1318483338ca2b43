/** What the options of `unwrap` make of a row's type: checked by `tsc`, never run. */
import { type Change, changes, int64, type Long, optional, type Stream, table, text, topology, unwrap } from 'millrace';
import { type Car, type CarKey, carChanges } from '../../schemas/cars.js';
import { isExactly } from './exactly.js';

interface Pet {
  readonly id: number;
  readonly name: string;
}
interface Plant {
  readonly id: number;
  readonly height: number;
}
type Key = { readonly id: number };
type Deleted = { readonly __deleted: 'true' | 'false' };

topology('modes', ({ stream }) => {
  const pets = stream(changes<Pet, Key>('pets'));
  isExactly<Stream<Pet | null, Key>>()(pets.pipe(unwrap()), true);
  isExactly<Stream<Pet | null, Key>>()(pets.pipe(unwrap({ as: 'row' })), true);
  isExactly<Stream<Pet | null, Key>>()(pets.pipe(unwrap({ deleteTombstoneHandlingMode: 'tombstone' })), true);
  isExactly<Stream<Pet | null, Key>>()(pets.pipe(unwrap({ deleteTombstoneHandlingMode: 'delete-to-tombstone' })), true);
  isExactly<Stream<Pet, Key>>()(pets.pipe(unwrap({ deleteTombstoneHandlingMode: 'drop' })), true);

  const rewritten = pets.pipe(unwrap({ deleteTombstoneHandlingMode: 'rewrite' }));
  isExactly<Stream<{ readonly id: number; readonly name: string } & Deleted, Key>>()(rewritten, false);
  isExactly<Stream<{ readonly id: number; readonly name: string; readonly __deleted: 'true' | 'false' }, Key>>()(
    rewritten,
    true,
  );
  const followed = pets.pipe(unwrap({ deleteTombstoneHandlingMode: 'rewrite-with-tombstone' }));
  isExactly<Stream<{ readonly id: number; readonly name: string; readonly __deleted: 'true' | 'false' } | null, Key>>()(
    followed,
    true,
  );

  // @ts-expect-error no such mode
  pets.pipe(unwrap({ deleteTombstoneHandlingMode: 'rewrit' }));
  // @ts-expect-error no such option
  pets.pipe(unwrap({ deleteTombstoneHandlingMode: 'rewrite', addFeilds: ['op'] }));
});

topology('added fields', ({ stream }) => {
  const pets = stream(changes<Pet, Key>('pets'));
  const added = pets.pipe(
    unwrap({
      deleteTombstoneHandlingMode: 'drop',
      addFields: ['op', ' table', 'source.ts_ms', 'ts_ns', 'lsn:position', 'id', 'transaction.total_order'],
    }),
  );
  isExactly<
    Stream<
      {
        readonly id: number;
        readonly name: string;
        readonly __op: Change<Pet>['op'];
        readonly __table: string;
        readonly __source_ts_ms: number;
        readonly __ts_ns: Long | null;
        readonly __position: Long | null;
        readonly __id: string | null;
        readonly __transaction_total_order: Long | null;
      },
      Key
    >
  >()(added, true);

  const before = pets.pipe(
    unwrap({ deleteTombstoneHandlingMode: 'drop', addFields: ['before.name', 'before', 'scn'], addFieldsPrefix: '' }),
  );
  isExactly<
    Stream<
      {
        readonly id: number;
        readonly name: string;
        readonly before_name: string | null;
        readonly before: Pet | null;
        readonly scn: unknown;
      },
      Key
    >
  >()(before, true);

  // A list that the compiler does not know adds nothing that it knows.
  isExactly<Stream<Pet | null, Key>>()(pets.pipe(unwrap({ addFields: 'op,lsn'.split(',') })), true);

  // Each row of a union gets them.
  const either = stream(changes<Pet | Plant, Key>('either')).pipe(
    unwrap({ deleteTombstoneHandlingMode: 'drop', addFields: ['op'] }),
  );
  isExactly<
    Stream<
      | { readonly id: number; readonly name: string; readonly __op: Change<Pet>['op'] }
      | { readonly id: number; readonly height: number; readonly __op: Change<Pet>['op'] },
      Key
    >
  >()(either, true);
});

topology('into a table', ({ stream }) => {
  const rows = stream(carChanges).pipe(unwrap({ addFields: ['table', 'lsn'] }));
  rows.to(table('cars', carChanges.row.plus({ __table: text, __lsn: optional(int64) })));
  // Fields that the topic does not declare travel with their schema.
  rows.to(table('cars', carChanges.row));
  // @ts-expect-error the position may be null
  rows.to(table('cars', carChanges.row.plus({ __lsn: int64 })));
  // @ts-expect-error nobody adds the operation
  rows.to(table('cars', carChanges.row.plus({ __op: text })));
});

topology('by hand', ({ stream }) => {
  isExactly<Stream<Car | null, CarKey>>()(
    stream(carChanges).pipe(unwrap<Car, CarKey>({ deleteTombstoneHandlingMode: 'drop' })),
    true,
  );
});
