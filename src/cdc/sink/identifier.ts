/** Names of tables and columns in SQL. */
import pg from 'pg';
import type { TableSinkSettings } from './sink-config.js';

type Naming = Pick<TableSinkSettings, 'quote.identifiers' | 'collection.name.format'>;

/** A column's name as it stands in the catalogue. */
export function columnName(field: string, naming: Pick<Naming, 'quote.identifiers'>): string {
  return naming['quote.identifiers'] ? field : field.toLowerCase();
}

/** The name in SQL: always quoted, so that no keyword and no special character changes its meaning. */
export function quoted(name: string): string {
  return pg.escapeIdentifier(name);
}

/**
 * The table of a topic in SQL, as Debezium's DefaultCollectionNamingStrategy names it.
 *
 * @example
 * tableOf('car.prices', { 'collection.name.format': 'sinks.${topic}', 'quote.identifiers': false }) // "sinks"."car_prices"
 */
export function tableOf(topic: string, naming: Naming): string {
  const name = naming['collection.name.format'].replaceAll(TOPIC_PLACEHOLDER, topic.replaceAll('.', '_'));
  return name
    .split('.')
    .map((part) => quoted(naming['quote.identifiers'] ? part : part.toLowerCase()))
    .join('.');
}

// biome-ignore lint/suspicious/noTemplateCurlyInString: Debezium's placeholder
const TOPIC_PLACEHOLDER = '${topic}';
