package millrace;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Base64;
import java.util.Map;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.json.JsonConverter;

/** What Kafka's own JsonConverter reads of bytes, and what it writes of a value. */
final class ConnectJson {
  private static final ObjectMapper JSON = new ObjectMapper();
  private final JsonConverter converter = new JsonConverter();

  ConnectJson() {
    // As millrace reads: null stays null where there is a default.
    converter.configure(Map.of("schemas.enable", "true", "replace.null.with.default", "false"), false);
  }

  void compare(JsonNode question, ObjectNode answer) throws Exception {
    SchemaAndValue read = converter.toConnectData("topic", Base64.getDecoder().decode(question.get("bytes").asText()));
    answer.set("read", ConnectValues.dump(read.schema(), read.value()));
    Schema schema = converter.asConnectSchema(JSON.readTree(question.get("schema").asText()));
    byte[] written = converter.fromConnectData("topic", schema, ConnectValues.build(schema, question.get("value")));
    answer.put("written", Base64.getEncoder().encodeToString(written));
  }
}
