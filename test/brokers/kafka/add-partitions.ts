/** Lets a topic grow as an administrator does, which millrace itself never does. */
import rdkafka from 'node-rdkafka';

/** @param partitions how many it has then */
export async function addPartitions(servers: string, topic: string, partitions: number): Promise<void> {
  const admin = rdkafka.AdminClient.create({ 'bootstrap.servers': servers });
  try {
    await new Promise<void>((resolve, reject) => {
      admin.createPartitions(topic, partitions, 10_000, (error) => (error ? reject(error) : resolve()));
    });
  } finally {
    admin.disconnect();
  }
}
