// The one door to Boost.Asio and to the project's error currency. Asio itself is compiled once, in
// io/asio.cpp.
#pragma once

#include <boost/asio.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>
#include <boost/system/system_error.hpp>

namespace peerpress {

namespace asio = boost::asio;

using boost::system::error_code;
using boost::system::result;
using boost::system::system_error;

template <class T = void>
using awaitable = asio::awaitable<T>;

}  // namespace peerpress
