#include <nan.h>

#include "fetch.h"
#include "librdkafka.h"
#include "produce.h"

namespace {

/** Throws unless it fits what node-rdkafka has loaded. Its package is to be loaded before. */
NAN_MODULE_INIT(Init) {
  if (const char* problem = millrace::LoadLibrdkafka()) return Nan::ThrowError(problem);
  Nan::Set(target, Nan::New("nodeRdkafka").ToLocalChecked(), Nan::New(NODE_RDKAFKA_VERSION).ToLocalChecked());
  Nan::Export(target, "fetch", millrace::Fetch);
  Nan::Export(target, "produce", millrace::Produce);
}

}  // namespace

NAN_MODULE_WORKER_ENABLED(batches, Init)
