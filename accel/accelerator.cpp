#include "accel/accelerator.hpp"
