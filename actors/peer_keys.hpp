// The secrets of one peer.
#pragma once

#include "crypto/keys.hpp"
#include "net/zmq_link.hpp"

namespace powershare::actors {

struct PeerKeys {
  crypto::KeyPair consensus;
  crypto::KeyPair gateway;
  net::CurveKeyPair transport;
};

}  // namespace powershare::actors
