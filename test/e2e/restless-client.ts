/** A client that inserts, updates and deletes cars all the time, whatever becomes of the database meanwhile. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { listings } from '../../models/ford/listings.js';

/** Each update adds one: a change that is missing between two others shows. */
const UPDATE = 'update car_data set mileage = mileage + 1 where id = (select id from car_data offset $1 limit 1)';
const DELETE = 'delete from car_data where id = (select id from car_data offset $1 limit 1)';
const MOVE = `update car_data set id = id + 10000000
  where id = (select id from car_data where id < 10000000 offset $1 limit 1)`;
const ANY_OF_FIRST = 500;

export class RestlessClient {
  readonly #home: string;
  readonly #port: number;
  readonly #random: () => number;
  readonly #cars: Iterator<{ id: number }>;
  readonly #running: Promise<void>;
  #stopped = false;
  /** Statements that the database has confirmed. */
  confirmed = 0;

  constructor(home: string, port: number, random: () => number) {
    this.#home = home;
    this.#port = port;
    this.#random = random;
    this.#cars = listings(4)[Symbol.iterator]();
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const password = (await readFile(join(this.#home, 'postgres/password'), 'utf8')).trim();
      const client = new pg.Client({
        connectionString: `postgres://postgres:${password}@127.0.0.1:${this.#port}/car_database`,
      });
      client.on('error', () => undefined);
      try {
        await client.connect();
        while (!this.#stopped) {
          await client.query(...this.#statement());
          this.confirmed += 1;
        }
      } catch {
        // The database was killed, or does not run yet. What was committed is what counts, and it knows that itself.
        await wait(20);
      } finally {
        await client.end().catch(() => undefined);
      }
    }
  }

  #statement(): [string, unknown[]] {
    const dice = this.#random();
    const row = Math.floor(this.#random() * ANY_OF_FIRST);
    if (dice < 0.15) return [DELETE, [row]];
    if (dice < 0.2) return [MOVE, [row]];
    if (dice < 0.6) return [UPDATE, [row]];
    const { id: _, ...car } = this.#cars.next().value as Record<string, unknown>;
    const columns = Object.keys(car);
    const places = columns.map((_name, index) => `$${index + 1}`);
    return [`insert into car_data (${columns.join(', ')}) values (${places.join(', ')})`, Object.values(car)];
  }
}
