import {
  Column,
  DataSource,
  Entity,
  PrimaryColumn,
  type Logger,
  type QueryRunner,
} from 'typeorm';
import { SERVERS } from '../servers.js';
import type { Client, ClientSession, Mode } from './client.js';

/** Of this run's own. */
const TABLE = `words_${process.pid}`;

@Entity({ name: TABLE })
class Word {
  @PrimaryColumn('int')
  id!: number;
  @Column('text')
  text!: string;
}

class Database implements ClientSession {
  private sent = 0;
  private mode: Mode = 'up';
  private lock: QueryRunner | undefined;
  private readonly source = new DataSource({
    type: 'postgres',
    host: '127.0.0.1',
    port: SERVERS.postgres.port,
    username: 'postgres',
    database: 'postgres',
    entities: [Word],
    synchronize: true,
    extra: { max: 4 },
    logging: ['query'],
    logger: listening(query => {
      if (query.startsWith('SELECT "Word"')) this.sent++;
    }),
  });
  private readonly words = this.source.getRepository(Word);

  async start(): Promise<this> {
    await this.source.initialize();
    await this.words.insert({ id: 1, text: 'word' });
    return this;
  }

  readonly call: ClientSession['call'] = async (circuit, options, signal) => {
    const found: unknown = await circuit.execute(
      () => this.words.findBy({ id: 1 }),
      { ...options, ...(signal && { signal }) },
    );
    return Array.isArray(found) ? (found as Word[])[0]?.text : found;
  };

  async turn(mode: Mode): Promise<void> {
    if (mode === this.mode) return;
    if (this.mode === 'down') await this.rename(`${TABLE}_gone`, TABLE);
    if (this.mode === 'hang') await this.unlock();
    if (mode === 'down') await this.rename(TABLE, `${TABLE}_gone`);
    if (mode === 'hang') {
      this.lock = this.source.createQueryRunner();
      await this.lock.startTransaction();
      await this.lock.query(`LOCK TABLE ${TABLE}`);
    }
    this.mode = mode;
  }

  arrived(): number {
    return this.sent;
  }

  async atWork(): Promise<number> {
    const [row] = await this.source.query<{ count: string }[]>(
      `SELECT count(*) FROM pg_stat_activity
       WHERE state = 'active' AND wait_event_type = 'Lock' AND query LIKE '%FROM "${TABLE}"%'`,
    );
    return Number(row?.count);
  }

  async close(): Promise<void> {
    await this.turn('up');
    await this.source.query(`DROP TABLE ${TABLE}`);
    await this.source.destroy();
  }

  private rename(from: string, to: string): Promise<unknown> {
    return this.source.query(`ALTER TABLE ${from} RENAME TO ${to}`);
  }

  private async unlock(): Promise<void> {
    await this.lock?.rollbackTransaction();
    await this.lock?.release();
  }
}

const nothing = () => {};

/** A logger that only listens to what is sent. */
function listening(logQuery: Logger['logQuery']): Logger {
  return {
    logQuery,
    logQueryError: nothing,
    logQuerySlow: nothing,
    logSchemaBuild: nothing,
    logMigration: nothing,
    log: nothing,
  };
}

const NO_SIGNAL = 'TypeORM takes no signal, and the query goes on';

/** A repository on PostgreSQL. */
export const TYPEORM_CLIENT: Client = {
  name: 'a TypeORM repository',
  needs: 'postgres',
  answer: 'word',
  cannot: {
    'cancels at a timeout': NO_SIGNAL,
    'cancels for its caller': NO_SIGNAL,
  },
  start: () => new Database().start(),
};
