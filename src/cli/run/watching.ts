/** What others see of a running application: its metrics and its health, served where that is asked for. */
import type { Application, ApplicationListener } from '../../app/application.js';
import { Lag } from '../../app/lag.js';
import { together } from '../../app/together.js';
import type { Broker } from '../../brokers/port.js';
import type { Clock } from '../../clock.js';
import { type ApplicationIdentity, ApplicationMetrics } from '../../metrics/application-metrics.js';
import { Health } from '../../metrics/health.js';
import { type MetricsAddress, type MetricsServer, serveMetrics } from '../../metrics/server.js';

export class Watching {
  readonly listener: ApplicationListener;
  readonly #metrics: ApplicationMetrics;
  readonly #health: Health;
  #application: Application | undefined;
  readonly #clock: Clock;
  #lag: Lag | undefined;
  #server: MetricsServer | undefined;

  constructor(identity: ApplicationIdentity, clock: Clock) {
    this.#clock = clock;
    this.#metrics = new ApplicationMetrics(identity);
    this.#health = new Health(() => this.#application, clock);
    this.listener = together(this.#metrics.listener, this.#health.listener);
  }

  /**
   * Serves what is known of an application; before its start, so that a probe hears what it is waiting for.
   *
   * @returns where it is served
   * @throws ConfigurationError when the address cannot be listened on
   */
  async serve(application: Application, broker: Broker, address: MetricsAddress): Promise<string> {
    this.#application = application;
    this.#lag = new Lag(application, broker, this.#clock);
    this.#metrics.watch(application, this.#lag);
    this.#server = await serveMetrics(address, this.#metrics, this.#health);
    return this.#server.url;
  }

  async close(): Promise<void> {
    await this.#server?.close();
    await this.#lag?.close();
  }
}
