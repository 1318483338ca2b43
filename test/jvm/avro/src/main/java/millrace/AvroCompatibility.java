package millrace;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;

/** What SchemaCompatibility says of a reader's and a writer's schema. */
final class AvroCompatibility {
  private AvroCompatibility() {}

  static void compare(JsonNode question, ObjectNode answer) {
    Schema reader = new Schema.Parser().parse(question.get("reader").asText());
    Schema writer = new Schema.Parser().parse(question.get("writer").asText());
    var result = SchemaCompatibility.checkReaderWriterCompatibility(reader, writer).getResult();
    ArrayNode types = answer.putArray("types");
    result.getIncompatibilities().stream().map(each -> each.getType().name()).sorted().distinct().forEach(types::add);
  }
}
