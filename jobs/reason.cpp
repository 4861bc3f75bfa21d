#include "jobs/reason.hpp"
