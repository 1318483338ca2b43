package millrace;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.connect.data.Date;
import org.apache.kafka.connect.data.Decimal;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.data.Time;
import org.apache.kafka.connect.data.Timestamp;

/**
 * Values of Connect as JSON that loses nothing, and back: longs and times are texts, doubles their bits, bytes base64,
 * decimals their digits, maps lists of pairs.
 */
final class ConnectValues {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
  private static final String VARIABLE_SCALE_DECIMAL = "io.debezium.data.VariableScaleDecimal";
  private static final long DAY_MS = 86_400_000L;

  private ConnectValues() {}

  static JsonNode dump(Schema schema, Object value) {
    if (value == null) {
      return NODES.nullNode();
    }
    if (schema.name() != null) {
      switch (schema.name()) {
        case Decimal.LOGICAL_NAME:
          return NODES.textNode(((BigDecimal) value).toPlainString());
        case VARIABLE_SCALE_DECIMAL:
          Struct struct = (Struct) value;
          return NODES.textNode(
              new BigDecimal(new BigInteger(bytes(struct.get("value"))), struct.getInt32("scale")).toPlainString());
        case Date.LOGICAL_NAME:
          return NODES.textNode(Long.toString(Math.floorDiv(((java.util.Date) value).getTime(), DAY_MS)));
        case Time.LOGICAL_NAME, Timestamp.LOGICAL_NAME:
          return NODES.textNode(Long.toString(((java.util.Date) value).getTime()));
        default:
      }
    }
    return switch (schema.type()) {
      case INT8, INT16, INT32, INT64 -> NODES.textNode(value.toString());
      case FLOAT32, FLOAT64 -> NODES.textNode(Long.toHexString(Double.doubleToLongBits(((Number) value).doubleValue())));
      case BOOLEAN -> NODES.booleanNode((Boolean) value);
      case STRING -> NODES.textNode((String) value);
      case BYTES -> NODES.textNode(Base64.getEncoder().encodeToString(bytes(value)));
      case ARRAY -> {
        var list = NODES.arrayNode();
        for (Object item : (List<?>) value) {
          list.add(dump(schema.valueSchema(), item));
        }
        yield list;
      }
      case MAP -> {
        var pairs = NODES.arrayNode();
        ((Map<?, ?>) value).forEach((key, entry) -> pairs.add(
            NODES.arrayNode().add(dump(schema.keySchema(), key)).add(dump(schema.valueSchema(), entry))));
        yield pairs;
      }
      case STRUCT -> {
        var object = NODES.objectNode();
        for (Field field : schema.fields()) {
          object.set(field.name(), dump(field.schema(), ((Struct) value).getWithoutDefault(field.name())));
        }
        yield object;
      }
    };
  }

  static Object build(Schema schema, JsonNode dump) {
    if (dump == null || dump.isNull()) {
      return null;
    }
    String text = dump.asText();
    if (schema.name() != null) {
      switch (schema.name()) {
        case Decimal.LOGICAL_NAME:
          return new BigDecimal(text);
        case VARIABLE_SCALE_DECIMAL:
          BigDecimal decimal = new BigDecimal(text);
          return new Struct(schema).put("scale", decimal.scale()).put("value", decimal.unscaledValue().toByteArray());
        case Date.LOGICAL_NAME:
          return new java.util.Date(Long.parseLong(text) * DAY_MS);
        case Time.LOGICAL_NAME, Timestamp.LOGICAL_NAME:
          return new java.util.Date(Long.parseLong(text));
        default:
      }
    }
    return switch (schema.type()) {
      case INT8 -> Byte.parseByte(text);
      case INT16 -> Short.parseShort(text);
      case INT32 -> Integer.parseInt(text);
      case INT64 -> Long.parseLong(text);
      case FLOAT32 -> (float) Double.longBitsToDouble(Long.parseUnsignedLong(text, 16));
      case FLOAT64 -> Double.longBitsToDouble(Long.parseUnsignedLong(text, 16));
      case BOOLEAN -> dump.asBoolean();
      case STRING -> text;
      case BYTES -> Base64.getDecoder().decode(text);
      case ARRAY -> {
        var list = new ArrayList<Object>();
        dump.forEach(item -> list.add(build(schema.valueSchema(), item)));
        yield list;
      }
      case MAP -> {
        var map = new LinkedHashMap<Object, Object>();
        dump.forEach(pair -> map.put(build(schema.keySchema(), pair.get(0)), build(schema.valueSchema(), pair.get(1))));
        yield map;
      }
      case STRUCT -> {
        var struct = new Struct(schema);
        for (Field field : schema.fields()) {
          struct.put(field, build(field.schema(), dump.get(field.name())));
        }
        yield struct;
      }
    };
  }

  private static byte[] bytes(Object value) {
    if (value instanceof byte[] array) {
      return array;
    }
    ByteBuffer buffer = ((ByteBuffer) value).duplicate();
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(bytes);
    return bytes;
  }
}
