#pragma once

#include <nan.h>

namespace millrace {

NAN_METHOD(Produce);

}  // namespace millrace
