#include "pipeline/format.hpp"
