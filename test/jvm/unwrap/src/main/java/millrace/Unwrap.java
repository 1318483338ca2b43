package millrace;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;

import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.header.Header;
import org.apache.kafka.connect.json.JsonConverter;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.storage.SimpleHeaderConverter;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import io.debezium.transforms.ExtractNewRecordState;

/** What Debezium's ExtractNewRecordState makes of recorded changes: one line for each of some settings. */
public final class Unwrap {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final ObjectMapper EXACT = new ObjectMapper().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);
    /** Each schema is written once, and named by its place. */
    private static final List<JsonNode> SCHEMAS = new ArrayList<>();
    private static final List<String> DROPPED = List.of("id", "model", "mileage");

    public static void main(String[] args) throws IOException {
        List<String> records = Files.readAllLines(Path.of(args[0]));
        JsonNode runs = JSON.readTree(Path.of(args[1]).toFile());
        StringBuilder lines = new StringBuilder();
        for (JsonNode settings : runs) {
            ObjectNode run = JSON.createObjectNode();
            run.set("settings", settings);
            ArrayNode results = run.putArray("results");
            for (String record : records) results.add(result(settings, JSON.readTree(record)));
            lines.append(JSON.writeValueAsString(run)).append('\n');
        }
        StringBuilder schemas = new StringBuilder();
        for (JsonNode schema : SCHEMAS) schemas.append(JSON.writeValueAsString(schema)).append('\n');
        Files.writeString(Path.of(args[2], "results.jsonl"), lines.toString());
        Files.writeString(Path.of(args[2], "schemas.jsonl"), schemas.toString());
    }

    private static JsonNode result(JsonNode settings, JsonNode recorded) throws IOException {
        try (ExtractNewRecordState<SinkRecord> transform = new ExtractNewRecordState<>()) {
            transform.configure(JSON.convertValue(settings, Map.class));
            SinkRecord result = transform.apply(record(recorded));
            return result == null ? JSON.nullNode() : written(result);
        }
        catch (RuntimeException e) {
            return JSON.createObjectNode().put("error", e.toString());
        }
    }

    private static SinkRecord record(JsonNode recorded) {
        SchemaAndValue key = read(true, recorded.get("key"));
        SchemaAndValue value = read(false, recorded.get("value"));
        SinkRecord record = new SinkRecord("car_database.public.car_data", 0, key.schema(), key.value(), value.schema(),
                value.value(), recorded.get("offset").asLong());
        record.headers().add("drop", DROPPED, SchemaBuilder.array(Schema.STRING_SCHEMA).build());
        return record;
    }

    private static SchemaAndValue read(boolean isKey, JsonNode base64) {
        byte[] bytes = base64.isNull() ? null : Base64.getDecoder().decode(base64.asText());
        return converter(isKey).toConnectData("t", bytes);
    }

    private static ObjectNode written(SinkRecord record) throws IOException {
        ObjectNode written = JSON.createObjectNode();
        written.put("topic", record.topic());
        written.set("key", text(converter(true).fromConnectData("t", record.keySchema(), record.key())));
        written.set("value", text(converter(false).fromConnectData("t", record.valueSchema(), record.value())));
        ArrayNode headers = written.putArray("headers");
        for (Header header : record.headers()) {
            try (SimpleHeaderConverter converter = new SimpleHeaderConverter()) {
                byte[] bytes = converter.fromConnectHeader("t", header.key(), header.schema(), header.value());
                headers.addArray().add(header.key()).add(bytes == null ? null : new String(bytes, StandardCharsets.UTF_8));
            }
        }
        return written;
    }

    /** The number of the schema, and the payload as text, so that no digit is lost on the way. */
    private static JsonNode text(byte[] bytes) throws IOException {
        if (bytes == null) return JSON.nullNode();
        JsonNode framed = EXACT.readTree(bytes);
        JsonNode schema = framed.get("schema");
        if (!SCHEMAS.contains(schema)) SCHEMAS.add(schema);
        return JSON.createArrayNode().add(SCHEMAS.indexOf(schema)).add(EXACT.writeValueAsString(framed.get("payload")));
    }

    private static JsonConverter converter(boolean isKey) {
        JsonConverter converter = new JsonConverter();
        // Nulls stay nulls, as JavaScript reads them.
        converter.configure(Map.of("schemas.enable", "true", "replace.null.with.default", "false"), isKey);
        return converter;
    }
}
