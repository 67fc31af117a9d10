// The ZeroMQ link between the peers of a chain (DECISIONS 32): per peer one bound ROUTER (receive
// only) and one DEALER per remote (send only), each twice, control and bulk, with CURVE and a ZAP
// handler that admits only the known keys. One thread owns all sockets. Lost frames are not
// repeated here: the protocol's STATUS repairs them.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "net/http.hpp"

namespace powershare::net {

using CurveKey = std::array<std::uint8_t, 32>;

struct CurveKeyPair {
  CurveKey public_key{};
  CurveKey secret_key{};
  static CurveKeyPair generate();
};
/// The public key that belongs to a secret key.
CurveKey curve_public_key(const CurveKey& secret_key);

enum class Channel : std::uint8_t { control = 0, bulk = 1 };

struct Remote {
  PeerId peer;
  CurveKey public_key{};
  std::string control_endpoint;  ///< "tcp://127.0.0.1:7401"; empty: it may come, is never dialled
  std::string bulk_endpoint;     ///< likewise
  friend bool operator==(const Remote&, const Remote&) = default;
};

struct LinkOptions {
  PeerId self;
  CurveKeyPair keys;
  std::string control_endpoint;  ///< what to bind
  std::string bulk_endpoint;
  std::vector<Remote> remotes;
  std::size_t max_frame_bytes = 4 * 1024 * 1024;
  int control_high_water_mark = 1024;  ///< frames per remote
  int bulk_high_water_mark = 16;
  std::size_t max_queued_frames = 4096;  ///< between the callers of send() and the link thread
};

struct LinkStatistics {
  std::uint64_t sent_frames = 0, sent_bytes = 0, received_frames = 0, received_bytes = 0;
  std::uint64_t dropped_frames = 0;  ///< a full queue or high-water mark
  std::uint64_t rejected_frames =
      0;  ///< oversized, several parts, or under a key that is no peer's (any more)
  std::uint64_t refused_handshakes = 0;  ///< unknown keys, other mechanisms, broken greetings
  std::uint64_t refused_remotes = 0;     ///< given to reconfigure() and not usable as they are
  bool listening = true;  ///< false while an endpoint waits to be bound again under another key
};

/// Called on the link thread with the peer whose CURVE key the frame came under. Must not block.
using ReceiveFrame = std::function<void(const PeerId& sender, Channel channel, Bytes frame)>;
/// Called on the link thread when a remote's connection comes up or goes down.
using PeerChange = std::function<void(const PeerId& peer, bool connected)>;

class ZmqLink {
 public:
  /// Binds ZAP first, then the sockets; tries a throw-away key and expects its refusal.
  /// NetError::address_in_use, bad_key, refused_by_self_test.
  static Result<std::unique_ptr<ZmqLink>> start(LinkOptions options, ReceiveFrame receive,
                                                PeerChange change);
  virtual ~ZmqLink() = default;
  /// Ends the link's thread: when this returns, no callback runs or comes any more, and frames are
  /// dropped. The object stays good for those who still hold it. Once, from one thread.
  virtual void stop() = 0;
  /// Queues a frame; false when it was dropped at once. Any thread, never blocks.
  virtual bool send(const PeerId& to, Channel channel, std::shared_ptr<const Bytes> frame) = 0;
  /// From now on these are the remotes. One that is given as it was keeps its connection; frames of
  /// one that is gone, or that come under a former key, are not received any more once the link's
  /// thread has taken this up. Frames sent before go to the remotes as they were. Left out and
  /// counted: this peer itself, no name or key, a second one with either. One whose address cannot
  /// be dialled is counted too, and may come. Any thread, never blocks.
  virtual void reconfigure(std::vector<Remote> remotes) = 0;
  /// This peer's transport key from now on; the public part is derived from the secret one. All
  /// connections of this link are made anew under it. Any thread, never blocks.
  virtual void replace_keys(CurveKeyPair keys) = 0;
  virtual LinkStatistics statistics() const = 0;
  /// True while the control connection to that peer is up and its key proven.
  virtual bool connected(const PeerId& peer) const = 0;
};

}  // namespace powershare::net
