#include "librdkafka.h"

#include <dlfcn.h>

namespace millrace {

Librdkafka librdkafka;

namespace {

#ifdef __APPLE__
constexpr const char* kLibrary = "librdkafka.1.dylib";
#else
constexpr const char* kLibrary = "librdkafka.so.1";
#endif

/** Names members that are protected, of which there are no public ones: node-rdkafka's own source says what they are. */
struct Members : NodeKafka::Connection {
  static constexpr auto kClient = &Members::m_client;
  static constexpr auto kLock = &Members::m_connection_lock;
  static constexpr auto kIsClosing = &Members::m_is_closing;
};

}  // namespace

const char* LoadLibrdkafka() {
  // Only what node-rdkafka has loaded: clients of one copy mean nothing to another one.
  void* library = dlopen(kLibrary, RTLD_LAZY | RTLD_NOLOAD);
  if (library == nullptr) return "node-rdkafka has not loaded librdkafka as a shared library";
#define LOOK_UP(name)                                                                             \
  librdkafka.name = reinterpret_cast<decltype(librdkafka.name)>(dlsym(library, #name)); \
  if (librdkafka.name == nullptr) return "librdkafka has no function " #name;
  LIBRDKAFKA_FUNCTIONS(LOOK_UP)
#undef LOOK_UP
  if (librdkafka.rd_kafka_version() != RD_KAFKA_VERSION) return "built for another version of librdkafka";
  return nullptr;
}

HeldClient::HeldClient(NodeKafka::Connection* connection) : lock_(&(connection->*Members::kLock)), client_(nullptr) {
  uv_rwlock_rdlock(lock_);
  RdKafka::Handle* handle = connection->*Members::kClient;
  if (handle != nullptr && !(connection->*Members::kIsClosing)) client_ = handle->c_ptr();
}

HeldClient::~HeldClient() { uv_rwlock_rdunlock(lock_); }

}  // namespace millrace
