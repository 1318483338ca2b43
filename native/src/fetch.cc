/**
 * Fetches messages as blocks of memory.
 *
 * node-rdkafka makes an object of each message property by property, and two buffers with memory of their own: that takes
 * the main thread about as long as reading, changing and writing the record. Here the thread that fetches copies the bytes
 * of many messages into a block, side by side, with a table of numbers that says where they are. What it asks of
 * librdkafka, and when it stops, is what node-rdkafka's KafkaConsumerConsumeNum does; but an error behind messages is kept.
 */
#include "fetch.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "librdkafka.h"

namespace millrace {
namespace {

/** Bytes, but for a message that is longer. Whoever keeps the bytes of one record keeps its block. */
constexpr size_t kBlockBytes = 32 * 1024;

/** Columns of the table: one row for each message. Lengths are -1 for null, that of headers also where there are none. */
enum Column { kTopic, kPartition, kBlock, kStart, kKeyLength, kValueLength, kHeadersLength, kColumns };

struct Headers {
  rd_kafka_headers_t* list = nullptr;
  int32_t length = -1;
};

void PutNumber(char** at, int32_t number) {
  std::memcpy(*at, &number, sizeof number);
  *at += sizeof number;
}

void PutBytes(char** at, const void* bytes, size_t length) {
  if (length > 0) std::memcpy(*at, bytes, length);
  *at += length;
}

template <typename Use>
void EachHeader(rd_kafka_headers_t* headers, Use use) {
  const char* name;
  const void* value;
  size_t length;
  for (size_t i = 0;; i++) {
    if (librdkafka.rd_kafka_header_get_all(headers, i, &name, &value, &length) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
    use(name, std::strlen(name), value, length);
  }
}

/** Each header as two lengths in 32 bits of this machine, the name, and the value; a value's length is -1 for null. */
Headers HeadersOf(const rd_kafka_message_t* message) {
  Headers headers;
  if (librdkafka.rd_kafka_message_headers(message, &headers.list) != RD_KAFKA_RESP_ERR_NO_ERROR) return Headers();
  headers.length = 0;
  EachHeader(headers.list, [&](const char*, size_t name_length, const void* value, size_t length) {
    headers.length += 2 * sizeof(int32_t) + name_length + (value == nullptr ? 0 : length);
  });
  return headers;
}

void PutHeaders(char** at, const Headers& headers) {
  EachHeader(headers.list, [&](const char* name, size_t name_length, const void* value, size_t length) {
    PutNumber(at, static_cast<int32_t>(name_length));
    PutNumber(at, value == nullptr ? -1 : static_cast<int32_t>(length));
    PutBytes(at, name, name_length);
    if (value != nullptr) PutBytes(at, value, length);
  });
}

v8::Local<v8::ArrayBuffer> ToArrayBuffer(std::unique_ptr<char[]> bytes, size_t length) {
  auto free = [](void* data, size_t, void*) { delete[] static_cast<char*>(data); };
  auto store = v8::ArrayBuffer::NewBackingStore(bytes.release(), length, free, nullptr);
  return v8::ArrayBuffer::New(v8::Isolate::GetCurrent(), std::move(store));
}

struct Block {
  std::unique_ptr<char[]> bytes;
  size_t length;
};

/** The end of a partition, as librdkafka says it between messages. */
struct End {
  int32_t topic;
  int32_t partition;
  int64_t offset;
};

class Fetching : public Nan::AsyncWorker {
 public:
  Fetching(Nan::Callback* callback, v8::Local<v8::Object> consumer, uint32_t most, int timeout_ms)
      : Nan::AsyncWorker(callback, "millrace:fetch"),
        connection_(Nan::ObjectWrap::Unwrap<NodeKafka::Connection>(consumer)),
        most_(most),
        timeout_ms_(timeout_ms) {
    SaveToPersistent("consumer", consumer);
  }

  void Execute() override {
    Fetch();
    Pack();
  }

 protected:
  void HandleOKCallback() override {
    Nan::HandleScope scope;
    v8::Local<v8::Value> answer[] = {
        Nan::New(error_), Nan::New(count_), Blocks(), Topics(), Numbers(&offsets_), Numbers(&table_), Ends(),
    };
    callback->Call(7, answer, async_resource);
  }

 private:
  void Fetch() {
    int timeout_ms = timeout_ms_;
    while (messages_.size() < most_) {
      rd_kafka_message_t* message = nullptr;
      {
        HeldClient client(connection_);
        if (client.get() == nullptr) {
          error_ = RD_KAFKA_RESP_ERR__STATE;
          return;
        }
        message = librdkafka.rd_kafka_consumer_poll(client.get(), timeout_ms);
      }
      if (message == nullptr) return;
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        messages_.push_back(message);
        continue;
      }
      if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        ends_.push_back({TopicOf(message), message->partition, message->offset});
        if (!messages_.empty()) timeout_ms = 1;
        librdkafka.rd_kafka_message_destroy(message);
        continue;
      }
      // What came before it is given beside it.
      error_ = message->err;
      librdkafka.rd_kafka_message_destroy(message);
      return;
    }
  }

  int32_t TopicOf(const rd_kafka_message_t* message) {
    for (size_t i = topics_.size(); i-- > 0;) {
      if (topics_[i].handle == message->rkt) return static_cast<int32_t>(i);
    }
    topics_.push_back({message->rkt, librdkafka.rd_kafka_topic_name(message->rkt)});
    return static_cast<int32_t>(topics_.size() - 1);
  }

  void Pack() {
    count_ = static_cast<uint32_t>(messages_.size());
    offsets_.reserve(2 * count_);
    table_.reserve(kColumns * count_);
    std::vector<Headers> headers(count_);
    for (size_t i = 0; i < count_;) i = PackBlock(i, &headers);
    messages_.clear();
  }

  /** Copies messages into one block, beginning with this one, and gives them back. Returns which one is next. */
  size_t PackBlock(size_t first, std::vector<Headers>* headers) {
    size_t length = 0;
    size_t end = first;
    for (; end < count_; end++) {
      const rd_kafka_message_t* message = messages_[end];
      (*headers)[end] = HeadersOf(message);
      const size_t more = message->key_len + message->len + std::max((*headers)[end].length, 0);
      if (end > first && length + more > kBlockBytes) break;
      length += more;
    }
    // Not of length 0: a buffer of it has no address, and bytes that are empty are taken for none.
    std::unique_ptr<char[]> bytes(new char[length + 1]);
    char* at = bytes.get();
    for (size_t i = first; i < end; i++) {
      PackMessage(messages_[i], (*headers)[i], bytes.get(), &at);
      librdkafka.rd_kafka_message_destroy(messages_[i]);
      messages_[i] = nullptr;
    }
    blocks_.push_back({std::move(bytes), length + 1});
    return end;
  }

  void PackMessage(const rd_kafka_message_t* message, const Headers& headers, const char* block, char** at) {
    rd_kafka_timestamp_type_t type;
    offsets_.push_back(static_cast<double>(message->offset));
    offsets_.push_back(static_cast<double>(librdkafka.rd_kafka_message_timestamp(message, &type)));
    const int32_t row[kColumns] = {
        TopicOf(message),
        message->partition,
        static_cast<int32_t>(blocks_.size()),
        static_cast<int32_t>(*at - block),
        message->key == nullptr ? -1 : static_cast<int32_t>(message->key_len),
        message->payload == nullptr ? -1 : static_cast<int32_t>(message->len),
        headers.length,
    };
    table_.insert(table_.end(), row, row + kColumns);
    PutBytes(at, message->key, message->key == nullptr ? 0 : message->key_len);
    PutBytes(at, message->payload, message->payload == nullptr ? 0 : message->len);
    if (headers.list != nullptr) PutHeaders(at, headers);
  }

  v8::Local<v8::Array> Blocks() {
    auto array = Nan::New<v8::Array>(static_cast<int>(blocks_.size()));
    uint32_t i = 0;
    for (auto& block : blocks_) Nan::Set(array, i++, ToArrayBuffer(std::move(block.bytes), block.length));
    return array;
  }

  v8::Local<v8::Array> Topics() {
    auto array = Nan::New<v8::Array>(static_cast<int>(topics_.size()));
    uint32_t i = 0;
    for (auto& topic : topics_) Nan::Set(array, i++, Nan::New(topic.name).ToLocalChecked());
    return array;
  }

  v8::Local<v8::Array> Ends() {
    auto array = Nan::New<v8::Array>(static_cast<int>(3 * ends_.size()));
    uint32_t i = 0;
    for (auto& end : ends_) {
      Nan::Set(array, i++, Nan::New(end.topic));
      Nan::Set(array, i++, Nan::New(end.partition));
      Nan::Set(array, i++, Nan::New(static_cast<double>(end.offset)));
    }
    return array;
  }

  template <typename Number>
  v8::Local<v8::ArrayBuffer> Numbers(std::vector<Number>* numbers) {
    auto held = new std::vector<Number>(std::move(*numbers));
    auto free = [](void*, size_t, void* vector) { delete static_cast<std::vector<Number>*>(vector); };
    auto store = v8::ArrayBuffer::NewBackingStore(held->data(), held->size() * sizeof(Number), free, held);
    return v8::ArrayBuffer::New(v8::Isolate::GetCurrent(), std::move(store));
  }

  struct Topic {
    rd_kafka_topic_t* handle;
    std::string name;
  };

  NodeKafka::Connection* connection_;
  const uint32_t most_;
  const int timeout_ms_;
  int error_ = RD_KAFKA_RESP_ERR_NO_ERROR;
  uint32_t count_ = 0;
  std::vector<rd_kafka_message_t*> messages_;
  std::vector<Topic> topics_;
  std::vector<Block> blocks_;
  std::vector<double> offsets_;
  std::vector<int32_t> table_;
  std::vector<End> ends_;
};

}  // namespace

/** fetch(consumer, most, timeoutMs, callback) */
NAN_METHOD(Fetch) {
  auto consumer = info[0].As<v8::Object>();
  const auto most = Nan::To<uint32_t>(info[1]).FromJust();
  const auto timeout_ms = Nan::To<int32_t>(info[2]).FromJust();
  auto callback = new Nan::Callback(info[3].As<v8::Function>());
  Nan::AsyncQueueWorker(new Fetching(callback, consumer, most, timeout_ms));
}

}  // namespace millrace
