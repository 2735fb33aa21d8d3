/** A broker of the tests' own, and the RabbitMQ provider as the program composes it. */
import { connect, type ConfirmChannel, type GetMessage } from 'amqplib';
import { howToInstall, SERVICES } from '../../scripts/services.mjs';
import { isRabbitmqInstalled, type RabbitmqNode, rabbitmqNode } from '../../scripts/rabbitmq.mjs';

/** For `describe`: false where the broker is installed, else the reason with the command that installs it. */
export const SKIP_WITHOUT_RABBITMQ = isRabbitmqInstalled()
  ? false
  : `RabbitMQ is missing; install it with: ${howToInstall(SERVICES.find(({ name }) => name === 'RabbitMQ')!)}`;

/** What the definitions make: everything allowed to the first, one exchange to the second. */
export const OWNER = { username: 'owner', password: 'p@ss/word#%?1' };
export const WRITER = { username: 'writer', password: 'abcdefghijkl' };
export const OTHER_HOST = 'my/vhost';

const ALL = { configure: '.*', write: '.*', read: '.*' };
const DEFINITIONS = {
  users: [OWNER, WRITER].map(({ username, password }) => ({ name: username, password, tags: '' })),
  vhosts: [{ name: '/' }, { name: OTHER_HOST }],
  permissions: [
    { user: OWNER.username, vhost: '/', ...ALL },
    { user: OWNER.username, vhost: OTHER_HOST, ...ALL },
    { user: WRITER.username, vhost: '/', configure: '', write: '^(events|other)$', read: '' },
  ],
};

export interface Broker extends RabbitmqNode {
  /** Host and port of the plain listener. */
  readonly address: string;
  /** Runs work on a channel of the owner's. */
  use<Result>(work: (channel: ConfirmChannel) => Promise<Result>, virtualHost?: string): Promise<Result>;
  /** A durable topic exchange, and a queue of the same name bound to it for every topic. */
  declare(name: string, virtualHost?: string): Promise<void>;
  /** Takes the messages that wait in a queue. */
  take(queue: string, virtualHost?: string): Promise<readonly GetMessage[]>;
}

export async function startBroker(options: Parameters<typeof rabbitmqNode>[0] = {}): Promise<Broker> {
  const node = await rabbitmqNode({ definitions: DEFINITIONS, ...options });
  try {
    await node.start();
  } catch (error) {
    await node.remove();
    throw error;
  }
  async function use<Result>(work: (channel: ConfirmChannel) => Promise<Result>, virtualHost = '/'): Promise<Result> {
    const vhost = encodeURIComponent(virtualHost);
    const connection = await connect({ hostname: '127.0.0.1', port: node.port, vhost, ...OWNER });
    connection.on('error', () => {});
    try {
      const channel = await connection.createConfirmChannel();
      channel.on('error', () => {});
      return await work(channel);
    } finally {
      await connection.close();
    }
  }
  return {
    ...node,
    address: `127.0.0.1:${node.port}`,
    use,
    declare: (name, virtualHost) =>
      use(async (channel) => {
        await channel.assertExchange(name, 'topic', { durable: true });
        await channel.assertQueue(name, { durable: true });
        await channel.bindQueue(name, name, '#');
      }, virtualHost),
    take: (queue, virtualHost) =>
      use(async (channel) => {
        const messages: GetMessage[] = [];
        for (;;) {
          const message = await channel.get(queue, { noAck: true });
          if (message === false) return messages;
          messages.push(message);
        }
      }, virtualHost),
  };
}
