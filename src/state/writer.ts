/**
 * The port between a store and the task that its operators run in. The runtime implements it.
 */
import type { StoreChange, StoreDeclaration } from './store.js';

export interface Writer {
  /**
   * The sequence number of the record being worked on. At any one store they never go down, except after
   * `discardFrom`, when records are run again.
   *
   * @throws when no record is being worked on: a store is used only while a record passes
   */
  sequence(): number;
  /**
   * The record being worked on changed a store. The task keeps the change with the record and produces it to the
   * changelog when the record is finished.
   */
  wrote(store: StoreDeclaration, change: StoreChange): void;
  /**
   * The record being worked on has read what the unfinished record with this number wrote: if that one fails, the
   * reader must be run again. Not called for a record's own writes, nor for writes that are being committed.
   */
  read(writerSequence: number): void;
}
