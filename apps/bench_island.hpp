// The island that a benchmark measures: real peer processes in a temporary folder on free ports,
// with as many homes as are asked for.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "apps/audit.hpp"
#include "apps/profiles.hpp"
#include "apps/running_island.hpp"

namespace powershare::apps {

/// Homes of which each has one meter that signs, in a market with slots of one hour.
std::unique_ptr<Profiles> bench_homes(std::size_t homes);

/// Keys, genesis and configurations of one chain on ports below those that Linux hands out by
/// itself. Whether they are free shows when the folder is prepared; then the next ones are tried.
/// `homes` is null for a chain without meters.
Result<UpFolder> prepare_on_free_ports(UpOptions options, const std::filesystem::path& folder,
                                       const Profiles* homes);

/// A temporary folder that goes with this object, unless keep() was called.
class BenchFolder {
 public:
  static Result<BenchFolder> make(
      const std::filesystem::path& parent = std::filesystem::temp_directory_path());
  BenchFolder(BenchFolder&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
  BenchFolder& operator=(BenchFolder&&) = delete;
  ~BenchFolder();
  const std::filesystem::path& path() const { return path_; }
  void keep() { kept_ = true; }

 private:
  explicit BenchFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
  bool kept_ = false;
};

/// One chain of `peers` that is ready when start() returns; its processes end with this object at
/// the latest.
class BenchIsland {
 public:
  static Result<std::unique_ptr<BenchIsland>> start(const std::filesystem::path& folder, int peers,
                                                    const Profiles& homes);
  ~BenchIsland();
  const UpFolder& files() const { return files_; }
  std::vector<std::uint16_t> http_ports() const;
  /// False once a peer has died or somebody asked to end.
  bool fine();
  /// Waits until all peers stand at the same block, stops them and audits every ledger. What keeps
  /// the audit from being clean is among its problems.
  Result<IslandAudit> finish();

 private:
  explicit BenchIsland(UpFolder files);
  UpFolder files_;
  RunningIsland running_;
  bool stopped_ = false;
  bool died_ = false;
};

}  // namespace powershare::apps
