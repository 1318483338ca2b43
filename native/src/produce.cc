/**
 * Hands a record to librdkafka.
 *
 * As node-rdkafka's Producer::NodeProduce, which makes a list of headers for each record, also of none, and headers of C
 * strings: here a record without headers makes nothing, and the value of a header is bytes.
 */
#include "produce.h"

#include "librdkafka.h"

namespace millrace {
namespace {

struct Bytes {
  const void* data = nullptr;
  size_t length = 0;

  /** Of a buffer; null of anything else. */
  explicit Bytes(v8::Local<v8::Value> value) {
    if (!node::Buffer::HasInstance(value)) return;
    length = node::Buffer::Length(value);
    // A buffer of nothing may have no address, and what has none is null.
    data = length == 0 ? "" : node::Buffer::Data(value);
  }
};

/** Names and values in turns. nullptr for undefined. */
rd_kafka_headers_t* ToHeaders(v8::Local<v8::Value> value) {
  if (!value->IsArray()) return nullptr;
  auto array = value.As<v8::Array>();
  rd_kafka_headers_t* headers = librdkafka.rd_kafka_headers_new(array->Length() / 2);
  for (uint32_t i = 0; i + 1 < array->Length(); i += 2) {
    Nan::Utf8String name(Nan::Get(array, i).ToLocalChecked());
    Bytes bytes(Nan::Get(array, i + 1).ToLocalChecked());
    librdkafka.rd_kafka_header_add(headers, *name, name.length(), bytes.data, bytes.length);
  }
  return headers;
}

}  // namespace

/**
 * produce(producer, topic, partition, value, key, timestamp, headers): the number of an error, or 0. A partition of -1 is
 * the partitioner's choice.
 */
NAN_METHOD(Produce) {
  HeldClient client(Nan::ObjectWrap::Unwrap<NodeKafka::Connection>(info[0].As<v8::Object>()));
  if (client.get() == nullptr) return info.GetReturnValue().Set(RD_KAFKA_RESP_ERR__STATE);
  Nan::Utf8String topic(info[1]);
  const auto partition = Nan::To<int32_t>(info[2]).FromJust();
  const Bytes value(info[3]);
  const Bytes key(info[4]);
  const auto timestamp = Nan::To<int64_t>(info[5]).FromJust();
  rd_kafka_headers_t* headers = ToHeaders(info[6]);
  // The array of arguments ends where there are no headers: librdkafka takes a list of none for headers, too.
  const rd_kafka_resp_err_t error = librdkafka.rd_kafka_producev(
      client.get(), RD_KAFKA_V_TOPIC(*topic), RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
      RD_KAFKA_V_VALUE(const_cast<void*>(value.data), value.length), RD_KAFKA_V_KEY(key.data, key.length),
      RD_KAFKA_V_TIMESTAMP(timestamp), headers == nullptr ? RD_KAFKA_VTYPE_END : RD_KAFKA_VTYPE_HEADERS, headers,
      RD_KAFKA_V_END);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR && headers != nullptr) librdkafka.rd_kafka_headers_destroy(headers);
  info.GetReturnValue().Set(error);
}

}  // namespace millrace
