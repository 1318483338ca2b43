package millrace;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** Answers one question a line, in JSON: what Java makes of schemas and bytes. */
public final class Oracle {
  private static final ObjectMapper JSON = new ObjectMapper();

  private Oracle() {}

  public static void main(String[] arguments) throws Exception {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    ConnectJson connect = new ConnectJson();
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      JsonNode question = JSON.readTree(line);
      ObjectNode answer = JSON.createObjectNode();
      try {
        switch (question.get("ask").asText()) {
          case "resolve" -> AvroValues.resolve(question, answer);
          case "compatible" -> AvroCompatibility.compare(question, answer);
          case "connect" -> connect.compare(question, answer);
          default -> throw new IllegalArgumentException("unknown question");
        }
      } catch (Exception | StackOverflowError problem) {
        answer.removeAll();
        answer.put("error", problem.getClass().getSimpleName() + ": " + problem.getMessage());
      }
      out.println(JSON.writeValueAsString(answer));
      out.flush();
    }
  }
}
