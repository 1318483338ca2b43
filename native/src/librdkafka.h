/**
 * The librdkafka that node-rdkafka has loaded, and the client inside one of its objects.
 *
 * The library is not linked: its functions are looked up in the copy that the process has, so there is one copy only and
 * nothing to find when this is built.
 */
#pragma once

#include <nan.h>
#include <uv.h>

#include "rdkafka.h"
#include "src/connection.h"

namespace millrace {

#define LIBRDKAFKA_FUNCTIONS(each)       \
  each(rd_kafka_version)                 \
  each(rd_kafka_consumer_poll)           \
  each(rd_kafka_message_destroy)         \
  each(rd_kafka_message_timestamp)       \
  each(rd_kafka_message_headers)         \
  each(rd_kafka_header_get_all)          \
  each(rd_kafka_topic_name)              \
  each(rd_kafka_producev)                \
  each(rd_kafka_headers_new)             \
  each(rd_kafka_header_add)              \
  each(rd_kafka_headers_destroy)

struct Librdkafka {
#define FUNCTION(name) decltype(&::name) name = nullptr;
  LIBRDKAFKA_FUNCTIONS(FUNCTION)
#undef FUNCTION
};

extern Librdkafka librdkafka;

/** Looks the functions up. Returns what is wrong, or nullptr. */
const char* LoadLibrdkafka();

/** The client of an object of node-rdkafka, as long as it is connected. While it is held it cannot be disconnected. */
class HeldClient {
 public:
  explicit HeldClient(NodeKafka::Connection* connection);
  ~HeldClient();
  HeldClient(const HeldClient&) = delete;
  HeldClient& operator=(const HeldClient&) = delete;

  /** nullptr when it is not connected. */
  rd_kafka_t* get() const { return client_; }

 private:
  uv_rwlock_t* lock_;
  rd_kafka_t* client_;
};

}  // namespace millrace
