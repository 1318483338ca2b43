import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Properties;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;

/**
 * The job of bench/kafka/job.ts as one writes it in Kafka Streams with Jackson. It takes jobs from standard input, one JSON
 * object a line, and "stop" to end the last one, so that one JVM stays warm from run to run; it prints "stopped".
 *
 * <p>Started from its source: {@code java -cp 'jars/*' CarPrices.java}.
 */
public class CarPrices {
  private static final ObjectMapper JSON = new ObjectMapper();

  public static void main(String[] args) throws IOException {
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    KafkaStreams running = null;
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      if (line.equals("stop")) {
        running.close();
        System.out.println("stopped");
      } else {
        running = start(JSON.readTree(line));
      }
    }
  }

  private static KafkaStreams start(JsonNode job) {
    boolean framed = job.get("encoding").asText().equals("connect-json");
    StreamsBuilder builder = new StreamsBuilder();
    builder.stream(job.get("input").asText(), Consumed.with(Serdes.ByteArray(), changes(framed)))
        .filter((key, change) -> !change.get("op").asText().equals("d"))
        .filter((key, change) -> change.get("source").get("table").asText().equals("car_data"))
        .mapValues(change -> priced((ObjectNode) change.get("after")))
        .to(job.get("output").asText(), Produced.with(Serdes.ByteArray(), rows(framed)));

    Properties settings = new Properties();
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, job.get("group").asText());
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, job.get("bootstrapServers").asText());
    settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, job.get("guarantee").asText());
    settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, job.get("commitMs").asInt());
    settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, job.get("threads").asInt());
    settings.put(StreamsConfig.STATE_DIR_CONFIG, job.get("directory").asText());
    settings.put("auto.offset.reset", "earliest");
    KafkaStreams streams = new KafkaStreams(builder.build(), settings);
    streams.start();
    return streams;
  }

  private static JsonNode priced(ObjectNode row) {
    return row.put("suggestedprice", row.get("mileage").asInt() / 4.0 + row.get("year").asInt());
  }

  private static Serde<JsonNode> changes(boolean framed) {
    Deserializer<JsonNode> reader = (topic, bytes) -> {
      try {
        JsonNode read = JSON.readTree(bytes);
        return framed ? read.get("payload") : read;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    };
    return Serdes.serdeFrom((topic, node) -> null, reader);
  }

  private static Serde<JsonNode> rows(boolean framed) {
    byte[] start = framed ? ("{\"schema\":" + ROW + ",\"payload\":").getBytes(StandardCharsets.UTF_8) : new byte[0];
    Serializer<JsonNode> writer = (topic, row) -> {
      try {
        byte[] payload = JSON.writeValueAsBytes(row);
        if (!framed) return payload;
        // The schema is the same in every record: its text is made once.
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(start.length + payload.length + 1);
        bytes.write(start);
        bytes.write(payload);
        bytes.write('}');
        return bytes.toByteArray();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    };
    return Serdes.serdeFrom(writer, (topic, bytes) -> null);
  }

  /** The schema of a priced row in Connect's words. */
  private static final String ROW = """
      {"type":"struct","optional":false,"name":"car_data_predicted.Value","fields":[\
      {"type":"int32","optional":false,"field":"id"},\
      {"type":"string","optional":true,"field":"model"},\
      {"type":"int32","optional":true,"field":"year"},\
      {"type":"string","optional":true,"field":"transmission"},\
      {"type":"int32","optional":true,"field":"mileage"},\
      {"type":"string","optional":true,"field":"fueltype"},\
      {"type":"int32","optional":true,"field":"tax"},\
      {"type":"double","optional":true,"field":"mpg"},\
      {"type":"double","optional":true,"field":"enginesize"},\
      {"type":"double","optional":false,"field":"suggestedprice"}]}""";
}
