package millrace;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Branched;
import org.apache.kafka.streams.kstream.BranchedKStream;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Named;

/**
 * Topologies made by chance from a fixed seed, for the order in which describe() lists nodes and neighbours: it
 * depends on hash tables and on the order of insertion, and only many shapes show that it is the same.
 *
 * <p>A program is one line for each step; a step works on streams by their numbers and gives new ones:
 *
 * <pre>
 * stream TOPIC        a new stream
 * peek S | filter S   a new stream
 * named S NAME        mapValues with a name: a new stream
 * split S N PREFIX    N new streams, PREFIXb0, PREFIXb1 …; the last is the default branch
 * merge S T           a new stream
 * to S TOPIC
 * </pre>
 */
final class Programs {
  private static final int PROGRAMS = 60;

  private final Random random;
  private final StreamsBuilder builder = new StreamsBuilder();
  private final List<KStream<String, String>> streams = new ArrayList<>();
  private final List<Boolean> used = new ArrayList<>();
  private final StringBuilder text = new StringBuilder();
  private int names = 0;

  private Programs(final long seed) {
    random = new Random(seed);
  }

  static String describeAll() {
    final StringBuilder all = new StringBuilder();
    for (int seed = 0; seed < PROGRAMS; seed++) {
      all.append(new Programs(seed).run());
    }
    return all.toString();
  }

  private String run() {
    final int sources = 1 + random.nextInt(3);
    for (int i = 0; i < sources; i++) {
      step("stream in" + i);
      add(builder.stream("in" + i));
    }
    final int steps = 3 + random.nextInt(22);
    for (int i = 0; i < steps; i++) {
      grow();
    }
    for (int i = 0; i < streams.size(); i++) {
      if (!used.get(i)) {
        step("to " + i + " out" + i);
        streams.get(i).to("out" + i);
      }
    }
    return "# program\n" + text + "# describe\n" + builder.build().describe();
  }

  private void grow() {
    final int from = random.nextInt(streams.size());
    final KStream<String, String> stream = streams.get(from);
    switch (random.nextInt(6)) {
      case 0 -> {
        step("peek " + from);
        use(from);
        add(stream.peek((key, value) -> { }));
      }
      case 1 -> {
        step("filter " + from);
        use(from);
        add(stream.filter((key, value) -> true));
      }
      case 2 -> {
        final String name = Long.toString(random.nextInt(1 << 20), 36) + "-" + names++;
        step("named " + from + " " + name);
        use(from);
        add(stream.mapValues(value -> value, Named.as(name)));
      }
      case 3 -> {
        final int branches = 2 + random.nextInt(4);
        final String prefix = "s" + names++ + "-";
        step("split " + from + " " + branches + " " + prefix);
        use(from);
        final BranchedKStream<String, String> split = stream.split(Named.as(prefix));
        for (int i = 0; i < branches - 1; i++) {
          split.branch((key, value) -> true, Branched.as("b" + i));
        }
        final var made = split.defaultBranch(Branched.as("b" + (branches - 1)));
        for (int i = 0; i < branches; i++) {
          add(made.get(prefix + "b" + i));
        }
      }
      case 4 -> {
        final int other = random.nextInt(streams.size());
        if (other != from) {
          step("merge " + from + " " + other);
          use(from);
          use(other);
          add(stream.merge(streams.get(other)));
        }
      }
      default -> {
        final String topic = "side" + names++;
        step("to " + from + " " + topic);
        use(from);
        stream.to(topic);
      }
    }
  }

  private void add(final KStream<String, String> stream) {
    streams.add(stream);
    used.add(false);
  }

  private void use(final int stream) {
    used.set(stream, true);
  }

  private void step(final String line) {
    text.append(line).append('\n');
  }
}
