#include "apps/bench_island.hpp"

#include <cstdio>
#include <cstdlib>
#include <random>

#include "apps/error.hpp"
#include "apps/stop_signal.hpp"

namespace powershare::apps {
namespace {

constexpr std::int64_t bench_start_ms = 1'624'251'600'000;  // 2021-06-21T05:00Z
constexpr int port_attempts = 32;

class BenchHomes final : public Profiles {
 public:
  explicit BenchHomes(std::size_t homes) {
    for (std::size_t home = 0; home < homes; ++home) {
      char number[24];
      std::snprintf(number, sizeof number, "%05zu", home + 1);
      homes_.push_back({*ParticipantId::parse("home-" + std::string(number)),
                        *MeterId::parse("meter-" + std::string(number)), 0,
                        Price::from_nano(150'000'000), Price::from_nano(100'000'000)});
    }
  }
  const std::vector<SimulatedHome>& homes() const override { return homes_; }
  UtcMillis start() const override { return {bench_start_ms}; }
  std::int64_t slot_ms() const override { return millis_per_hour; }
  std::uint64_t slot_count() const override { return 24; }
  /// Even homes draw 600 W, odd ones feed in 300 W.
  MeteredEnergy energy(std::size_t home, std::uint64_t) const override {
    if (home % 2 == 0) return {Energy::from_nano(600'000'000), Energy{}, Energy{}};
    return {Energy{}, Energy::from_nano(300'000'000), Energy::from_nano(300'000'000)};
  }

 private:
  std::vector<SimulatedHome> homes_;
};

}  // namespace

Result<UpFolder> prepare_on_free_ports(UpOptions options, const std::filesystem::path& folder,
                                       const Profiles* homes) {
  std::mt19937 random{std::random_device{}()};
  std::uniform_int_distribution<int> base(10'000, 32'000);
  for (int attempt = 1;; ++attempt) {
    options.http_port = base(random);
    options.metrics_port = options.http_port + options.peers;
    options.peer_port = options.metrics_port + options.peers;
    auto files =
        prepare_folder(options, folder, homes, homes != nullptr ? homes->start() : UtcMillis{});
    const bool taken = !files && files.error().code() == make_error_code(AppError::unavailable);
    if (!taken || attempt == port_attempts) return files;
  }
}

std::unique_ptr<Profiles> bench_homes(std::size_t homes) {
  return std::make_unique<BenchHomes>(homes);
}

Result<BenchFolder> BenchFolder::make(const std::filesystem::path& parent) {
  auto pattern = (parent / "powershare-bench-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    return Error{AppError::storage_error, "no temporary folder can be made: set TMPDIR"};
  }
  return BenchFolder(pattern);
}

BenchFolder::~BenchFolder() {
  if (path_.empty()) return;
  std::error_code ignored;
  if (!kept_) {
    std::filesystem::remove_all(path_, ignored);
  } else {
    std::fprintf(stderr, "powershare: the data stays in %s\n", path_.c_str());
  }
}

BenchIsland::BenchIsland(UpFolder files)
    : files_(std::move(files)), running_(files_, RunOptions{}) {}

BenchIsland::~BenchIsland() {
  if (!stopped_) running_.stop();
}

Result<std::unique_ptr<BenchIsland>> BenchIsland::start(const std::filesystem::path& folder,
                                                        int peers, const Profiles& homes) {
  UpOptions options;
  options.peers = peers;
  options.slot = "1h";
  auto files = prepare_on_free_ports(options, folder, &homes);
  if (!files) return files.error();
  std::unique_ptr<BenchIsland> island(new BenchIsland(std::move(*files)));
  auto started = island->running_.start();
  if (started) started = island->running_.wait_ready();
  if (!started) return started.error();
  return island;
}

std::vector<std::uint16_t> BenchIsland::http_ports() const {
  std::vector<std::uint16_t> ports;
  for (const auto& peer : files_.island.microgrids.front().peers) ports.push_back(peer.http_port);
  return ports;
}

bool BenchIsland::fine() {
  died_ = running_.watch() || died_;
  return !died_ && !stop_requested;
}

Result<IslandAudit> BenchIsland::finish() {
  const bool agreed = fine() && running_.wait_agreed();
  const bool orderly = running_.stop();
  stopped_ = true;
  auto audit = audit_island(files_.folder);
  if (!audit) return audit;
  if (died_) audit->problems.emplace_back("a peer died");
  if (!agreed) audit->problems.emplace_back("the peers did not come to stand at the same block");
  if (!orderly) audit->problems.emplace_back("a peer did not stop in order");
  return audit;
}

}  // namespace powershare::apps
