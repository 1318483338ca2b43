package millrace;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericFixed;
import org.apache.avro.generic.IndexedRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;

/** Decodes bytes as they were written and as another schema, and encodes them again. */
final class AvroValues {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private AvroValues() {}

  static void resolve(JsonNode question, ObjectNode answer) throws Exception {
    Schema writer = new Schema.Parser().parse(question.get("writer").asText());
    byte[] bytes = Base64.getDecoder().decode(question.get("bytes").asText());
    Object written = read(writer, writer, bytes);
    answer.set("written", dump(writer, written));
    answer.put("again", Base64.getEncoder().encodeToString(write(writer, written)));
    Schema reader = new Schema.Parser().parse(question.get("reader").asText());
    try {
      answer.set("resolved", dump(reader, read(writer, reader, bytes)));
    } catch (Exception problem) {
      answer.put("refused", String.valueOf(problem.getMessage()));
    }
  }

  private static Object read(Schema writer, Schema reader, byte[] bytes) throws Exception {
    BinaryDecoder decoder = DecoderFactory.get().binaryDecoder(bytes, null);
    Object value = new GenericDatumReader<>(writer, reader).read(null, decoder);
    if (!decoder.isEnd()) {
      throw new IllegalStateException("bytes stand behind the value");
    }
    return value;
  }

  private static byte[] write(Schema schema, Object value) throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    var encoder = EncoderFactory.get().binaryEncoder(out, null);
    new GenericDatumWriter<>(schema).write(value, encoder);
    encoder.flush();
    return out.toByteArray();
  }

  /** Longs are texts, doubles their bits, bytes base64, decimals their digits: what JSON would lose. */
  private static JsonNode dump(Schema schema, Object value) {
    return switch (schema.getType()) {
      case NULL -> NODES.nullNode();
      case BOOLEAN -> NODES.booleanNode((Boolean) value);
      case INT -> NODES.numberNode((Integer) value);
      case LONG -> NODES.textNode(String.valueOf(value));
      case FLOAT -> NODES.textNode(Long.toHexString(Double.doubleToLongBits(((Number) value).floatValue())));
      case DOUBLE -> NODES.textNode(Long.toHexString(Double.doubleToLongBits(((Number) value).doubleValue())));
      case STRING, ENUM -> NODES.textNode(value.toString());
      case BYTES -> bytes(schema, remaining((ByteBuffer) value));
      case FIXED -> bytes(schema, ((GenericFixed) value).bytes());
      case ARRAY -> {
        var list = NODES.arrayNode();
        for (Object item : (Collection<?>) value) {
          list.add(dump(schema.getElementType(), item));
        }
        yield list;
      }
      case MAP -> {
        var object = NODES.objectNode();
        var sorted = new TreeMap<String, Object>();
        ((Map<?, ?>) value).forEach((name, entry) -> sorted.put(name.toString(), entry));
        sorted.forEach((name, entry) -> object.set(name, dump(schema.getValueType(), entry)));
        yield object;
      }
      case RECORD -> {
        var object = NODES.objectNode();
        for (Schema.Field field : schema.getFields()) {
          object.set(field.name(), dump(field.schema(), ((IndexedRecord) value).get(field.pos())));
        }
        yield object;
      }
      case UNION -> dump(schema.getTypes().get(GenericData.get().resolveUnion(schema, value)), value);
    };
  }

  private static JsonNode bytes(Schema schema, byte[] bytes) {
    Object scale = schema.getObjectProp("scale");
    if ("decimal".equals(schema.getProp("logicalType")) && bytes.length > 0) {
      int digits = scale == null ? 0 : ((Number) scale).intValue();
      return NODES.textNode(new BigDecimal(new BigInteger(bytes), digits).toPlainString());
    }
    return NODES.textNode(Base64.getEncoder().encodeToString(bytes));
  }

  private static byte[] remaining(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return bytes;
  }
}
