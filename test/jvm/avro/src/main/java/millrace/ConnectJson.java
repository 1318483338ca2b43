package millrace;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Base64;
import java.util.Map;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.json.JsonConverter;

/** Reads a record with Kafka's own JsonConverter, and writes it again. */
final class ConnectJson {
  private final JsonConverter converter = new JsonConverter();

  ConnectJson() {
    // As millrace reads: null stays null where there is a default.
    converter.configure(Map.of("schemas.enable", "true", "replace.null.with.default", "false"), false);
  }

  void roundTrip(JsonNode question, ObjectNode answer) {
    byte[] bytes = Base64.getDecoder().decode(question.get("bytes").asText());
    SchemaAndValue read = converter.toConnectData("topic", bytes);
    byte[] again = converter.fromConnectData("topic", read.schema(), read.value());
    answer.put("again", Base64.getEncoder().encodeToString(again));
  }
}
