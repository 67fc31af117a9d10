"""The house rules that the lint enforces, in one place.

ARCHITECTURE.md explains the same table to people; each room's CMakeLists.txt links by it.
"""

# room -> the other rooms whose headers its files may include
ROOMS = {
    "base": set(),
    "crypto": {"base"},
    "market": {"base"},
    "adapters": {"base"},
    "grid": {"base"},
    "ledger": {"base", "crypto", "market"},
    "protocol": {"base", "crypto", "ledger"},
    "sim": {"base", "crypto", "market", "ledger", "protocol"},
    "storage": {"base", "crypto", "protocol"},
    "net": {"base", "crypto"},
    "monitoring": {"base"},
    "gateway": {"base", "crypto", "ledger", "net"},
    "actors": {"base", "crypto", "market", "ledger", "protocol", "storage", "net", "monitoring",
               "gateway"},
    "bench": {"base", "crypto", "market", "ledger", "protocol", "storage", "net", "monitoring",
              "gateway", "actors"},
    "apps": {"base", "crypto", "market", "adapters", "grid", "ledger", "protocol", "storage", "net", "monitoring",
             "gateway", "actors", "bench", "sim"},
}

# (from room, to room) -> the only headers of it that may be seen (shell patterns)
NARROW = {
    ("storage", "protocol"): ["protocol/ports.hpp"],
    ("gateway", "net"): ["net/http.hpp"],
}

# Deterministic rooms: no input or output, threads, clocks, randomness or floating point.
PURE = {"market", "adapters", "ledger", "protocol", "sim"}

# Rooms without input, output, threads, clocks and randomness; some of them may reckon with floating point.
WITHOUT_IO = PURE | {"grid"}

# pattern of the included name -> patterns of the files that may include it
THIRD_PARTY = {
    r"lmdb\.h": ["storage/*.cpp"],
    r"zmq(_addon)?\.h(pp)?": ["net/*.cpp", "net/zap.hpp", "net/zmq_socket.hpp"],
    r"boost/.*": ["net/http_*.cpp", "net/http_connection.hpp", "net/http_byte_stream.hpp"],
    r"google/protobuf/.*|.*\.pb\.h": ["protocol/wire/*.cpp"],
    r"caf/.*": ["actors/*"],
    r"mosquitto\.h": ["net/mqtt_client.cpp"],
    r"prometheus/.*": ["monitoring/*.cpp"],
    r"sodium(/.*)?(\.h)?": ["crypto/*.cpp"],
    r"openssl/.*": ["crypto/*.cpp", "net/*.cpp", "gateway/*.cpp"],
    r"zlib\.h": ["net/http_compression.cpp"],
    r"curl/.*": ["net/outgoing.cpp"],
    r"(jpeglib|png)\.h": ["gateway/household/picture.cpp", "tests/fuzz/picture_corpus.hpp",
                          "tests/unit/gateway/*.cpp"],
    r"cairo.*\.h": ["gateway/household/pdf_page.cpp"],
    r"nlohmann/.*": ["*.cpp"],
    r"CLI/.*": ["apps/*.cpp"],
    r"spdlog/.*": ["*.cpp"],
    r"yaml-cpp/.*": ["*.cpp"],
}

# Headers that show a third-party library to their own room -> patterns of the files that may include
# them, so that they do not pass it on.
PRIVATE_HEADERS = {
    "net/http_connection.hpp": ["net/http_*.cpp"],
    "net/http_byte_stream.hpp": ["net/http_*.cpp", "net/http_connection.hpp"],
    "net/zap.hpp": ["net/*.cpp"],
    "net/zmq_socket.hpp": [
        "net/*.cpp", "net/zap.hpp", "net/zmq_listener.hpp", "net/zmq_remote.hpp",
    ],
    "net/zmq_listener.hpp": ["net/*.cpp"],
    "net/zmq_remote.hpp": ["net/*.cpp"],
}

# Headers of the C++ standard library have neither dot nor slash. Those of the operating system may be
# included where there is input and output.
SYSTEM_HEADER = (r"(sys|netinet|arpa|linux)/\w+\.h|(unistd|fcntl|signal|pthread|poll|netdb|dirent|"
                 r"termios|pwd|grp|sched|spawn|ucontext|execinfo)\.h")
SYSTEM_ROOMS = set(ROOMS) - WITHOUT_IO

# Parts of the standard library that a room without input and output has no use for.
IMPURE_STANDARD = {"thread", "mutex", "shared_mutex", "condition_variable", "future", "semaphore",
                   "latch", "barrier", "stop_token", "random", "fstream", "iostream", "cstdio",
                   "filesystem", "ctime", "unordered_map", "unordered_set"}

MAX_LINES = 800
