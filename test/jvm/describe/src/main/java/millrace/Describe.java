package millrace;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Branched;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.processor.RecordContext;
import org.apache.kafka.streams.processor.TopicNameExtractor;
import org.apache.kafka.streams.processor.api.FixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.apache.kafka.streams.state.Stores;

/**
 * Writes what the JVM says of topologies that test/topology/describe.test.ts builds too, one file each, into the folder
 * given as the first argument.
 */
public final class Describe {
  private static Path folder;

  public static void main(final String[] arguments) throws IOException {
    folder = Path.of(arguments[0]);
    Files.createDirectories(folder);

    record("every-operator", builder -> {
      builder.<String, String>stream("in")
          .filter((key, value) -> true)
          .filterNot((key, value) -> false)
          .map((key, value) -> KeyValue.pair(key, value))
          .mapValues(value -> value)
          .flatMap((key, value) -> List.of(KeyValue.pair(key, value)))
          .flatMapValues(value -> List.of(value))
          .selectKey((key, value) -> key)
          .peek((key, value) -> { })
          .processValues(Forwarding::new)
          .to("out");
    });

    record("every-operator-named", builder -> {
      builder.<String, String>stream("in", Consumed.as("read"))
          .filter((key, value) -> true, Named.as("keep"))
          .filterNot((key, value) -> false, Named.as("leave-out"))
          .map((key, value) -> KeyValue.pair(key, value), Named.as("rewrite"))
          .mapValues(value -> value, Named.as("rewrite-value"))
          .flatMap((key, value) -> List.of(KeyValue.pair(key, value)), Named.as("multiply"))
          .flatMapValues(value -> List.of(value), Named.as("multiply-values"))
          .selectKey((key, value) -> key, Named.as("choose-key"))
          .peek((key, value) -> { }, Named.as("look"))
          .processValues(Forwarding::new, Named.as("process"))
          .to("out", Produced.as("write"));
    });

    // A given name uses up an index, except that of processValues: the generated names around them show it.
    record("given-and-generated-names", builder -> {
      builder.<String, String>stream("in", Consumed.as("read"))
          .filter((key, value) -> true)
          .mapValues(value -> value, Named.as("named"))
          .mapValues(value -> value)
          .processValues(Forwarding::new, Named.as("process"))
          .mapValues(value -> value)
          .to("out");
    });

    record("foreach", builder -> {
      builder.<String, String>stream("in").foreach((key, value) -> { });
    });

    record("source-to-sink", builder -> {
      builder.<String, String>stream("in").to("out");
    });

    record("several-topics", builder -> {
      builder.<String, String>stream(List.of("orders", "payments", "refunds", "cars", "vans"))
          .filter((key, value) -> true)
          .to("out");
    });

    record("many-topics", builder -> {
      builder.<String, String>stream(List.of(
              "t00", "t01", "t02", "t03", "t04", "t05", "t06", "t07", "t08", "t09", "t10", "t11", "t12", "t13"))
          .to("out");
    });

    record("two-subtopologies", builder -> {
      final KStream<String, String> cars = builder.stream("cars");
      final KStream<String, String> vans = builder.stream("vans");
      vans.mapValues(value -> value).to("priced-vans");
      cars.filter((key, value) -> true).mapValues(value -> value).to("priced-cars");
    });

    record("chained-subtopologies", builder -> {
      builder.<String, String>stream("in").mapValues(value -> value).to("between");
      builder.<String, String>stream("between").mapValues(value -> value).to("out");
    });

    record("split-with-default", builder -> {
      final var branches = builder.<String, String>stream("cars")
          .split()
          .branch((key, value) -> value.equals("petrol"), Branched.as("petrol"))
          .branch((key, value) -> value.equals("diesel"), Branched.as("diesel"))
          .defaultBranch(Branched.as("rest"));
      branches.get("KSTREAM-BRANCH-0000000001petrol").to("petrol-cars");
      branches.get("KSTREAM-BRANCH-0000000001diesel").to("diesel-cars");
      branches.get("KSTREAM-BRANCH-0000000001rest").to("other-cars");
    });

    record("split-named", builder -> {
      final var branches = builder.<String, String>stream("cars")
          .split(Named.as("by-fuel-"))
          .branch((key, value) -> value.equals("petrol"), Branched.as("petrol"))
          .branch((key, value) -> value.equals("diesel"), Branched.as("diesel"))
          .noDefaultBranch();
      branches.get("by-fuel-petrol").mapValues(value -> value).to("petrol-cars");
      branches.get("by-fuel-diesel").to("diesel-cars");
    });

    record("split-merged-again", builder -> {
      final var branches = builder.<String, String>stream("cars")
          .split(Named.as("by-fuel-"))
          .branch((key, value) -> value.equals("petrol"), Branched.as("petrol"))
          .defaultBranch(Branched.as("rest"));
      branches.get("by-fuel-petrol").mapValues(value -> value)
          .merge(branches.get("by-fuel-rest"))
          .to("out");
    });

    record("merge", builder -> {
      final KStream<String, String> cars = builder.stream("cars");
      final KStream<String, String> vans = builder.stream("vans");
      cars.merge(vans).mapValues(value -> value).to("out");
    });

    record("merge-named", builder -> {
      final KStream<String, String> cars = builder.stream("cars", Consumed.as("cars-in"));
      final KStream<String, String> vans = builder.stream("vans", Consumed.as("vans-in"));
      cars.filter((key, value) -> true).merge(vans, Named.as("both")).to("out", Produced.as("all-out"));
    });

    record("stores", builder -> {
      for (final String store : List.of("delivered", "predictions", "seen", "totals")) {
        builder.addStateStore(
            Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore(store), Serdes.String(), Serdes.String()));
      }
      builder.<String, String>stream("in")
          .processValues(Forwarding::new, "delivered")
          .processValues(Forwarding::new, Named.as("count"), "predictions", "seen", "totals")
          .to("out");
    });

    record("sink-by-function", builder -> {
      builder.<String, String>stream("in").to(new ByFuel());
    });

    // Children of unequal weight, and names whose alphabetical order is not the order of their making.
    record("fan-out", builder -> {
      final KStream<String, String> in = builder.stream("in");
      in.mapValues(value -> value, Named.as("z-short")).to("a-out");
      in.mapValues(value -> value, Named.as("a-short")).to("b-out");
      in.mapValues(value -> value, Named.as("m-long")).filter((key, value) -> true).peek((key, value) -> { }).to("c-out");
      in.to("d-out");
    });

    Files.writeString(folder.resolve("programs.txt"), Programs.describeAll());
  }

  private static void record(final String name, final Consumer<StreamsBuilder> build) throws IOException {
    final StreamsBuilder builder = new StreamsBuilder();
    build.accept(builder);
    Files.writeString(folder.resolve(name + ".txt"), builder.build().describe().toString());
  }

  /** How an extractor prints is its own affair: a class that says its name, as millrace prints a function's. */
  private static final class ByFuel implements TopicNameExtractor<String, String> {
    @Override
    public String extract(final String key, final String value, final RecordContext context) {
      return value;
    }

    @Override
    public String toString() {
      return "byFuel";
    }
  }

  static final class Forwarding implements FixedKeyProcessor<String, String, String> {
    @Override
    public void process(final FixedKeyRecord<String, String> value) { }
  }
}
