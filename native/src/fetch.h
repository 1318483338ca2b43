#pragma once

#include <nan.h>

namespace millrace {

NAN_METHOD(Fetch);

}  // namespace millrace
