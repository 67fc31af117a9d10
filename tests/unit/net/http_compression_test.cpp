#include "net/http_compression.hpp"

#include <doctest/doctest.h>
#include <zlib.h>

#include "tests/unit/net/raw_socket.hpp"

using namespace powershare;
using namespace powershare::net;
using namespace powershare::net::test;

namespace {

std::string unpacked(const std::string& packed) {
  z_stream stream{};
  REQUIRE(::inflateInit2(&stream, 15 + 16) == Z_OK);
  std::string result(2 * 1024 * 1024, '\0');
  std::string input = packed;
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(result.size());
  CHECK(::inflate(&stream, Z_FINISH) == Z_STREAM_END);
  result.resize(stream.total_out);
  ::inflateEnd(&stream);
  return result;
}

std::string json_of(std::size_t bytes) {
  std::string text = "[";
  while (text.size() < bytes) text += "{\"meter\":\"m-" + std::to_string(text.size()) + "\"},";
  return text + "{}]";
}

const std::string* header(const HttpResponse& response, std::string_view name) {
  for (const auto& [key, value] : response.headers)
    if (key == name) return &value;
  return nullptr;
}

}  // namespace

TEST_CASE("what a client accepts is read with its qualities") {
  for (const char* good : {"gzip", "deflate, gzip;q=1.0, *;q=0.5", "GZIP", "br , gzip ; q=0.001",
                           "*", "identity;q=0, *", "x-gzip"})
    CHECK_MESSAGE(accepts_gzip(good), good);
  for (const char* bad : {"", "identity", "gzip;q=0", "gzip; q=0.000", "*;q=0", "gzip;q=0, *",
                          "gzipped", "br", ",,;;"})
    CHECK_MESSAGE(!accepts_gzip(bad), bad);
}

TEST_CASE("long text is packed for whom it is acceptable to, and Vary says so to all") {
  const auto text = json_of(5'000);
  HttpResponse response;
  response.body = text;
  response.headers = {{"Vary", "Origin"}, {"ETag", "\"abc\""}};
  auto plain = response;
  compress(plain, 1024, false);
  CHECK(plain.body == text);
  CHECK(*header(plain, "Vary") == "Origin, Accept-Encoding");
  CHECK(header(plain, "Content-Encoding") == nullptr);
  compress(response, 1024, true);
  CHECK(response.body.size() < text.size() / 3);
  CHECK(unpacked(response.body) == text);
  CHECK(*header(response, "Content-Encoding") == "gzip");
  CHECK(*header(response, "ETag") == "W/\"abc\"");
  // What is packed already is left alone.
  const auto packed = response.body;
  compress(response, 1024, true);
  CHECK(response.body == packed);
}

TEST_CASE("short, huge, binary, streamed and bodiless answers go out as they are") {
  const auto untouched = [](HttpResponse response) {
    const auto before = response.body;
    compress(response, 1024, true);
    return response.body == before && header(response, "Content-Encoding") == nullptr;
  };
  HttpResponse response;
  response.body = std::string(1024, 'x');
  CHECK(untouched(response));
  response.body = std::string(max_compressed_bytes + 1, 'x');
  CHECK(untouched(response));
  response.body = json_of(5'000);
  for (const char* type : {"text/event-stream", "application/octet-stream", "image/png", ""}) {
    auto other = response;
    other.content_type = type;
    CHECK_MESSAGE(untouched(other), type);
  }
  response.status = 304;
  CHECK(untouched(response));
}

TEST_CASE("over a connection: GET and HEAD agree, kept and closing connections, short ones plain") {
  HttpServerOptions options;
  options.gzip_above_bytes = 1024;
  const auto text = json_of(20'000);
  auto started =
      HttpServer::start(options, [&](HttpRequest request, std::shared_ptr<HttpReply> reply) {
        reply->send({.body = request.path == "/long" ? text : "{}", .headers = {}});
      });
  REQUIRE(started.ok());
  RawSocket socket((*started)->port());
  const auto get = socket.ask("GET /long HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n");
  CHECK(get.has("Content-Encoding: gzip\r\n"));
  CHECK(get.has("Vary: Accept-Encoding\r\n"));
  CHECK(unpacked(get.body) == text);
  const auto length = "Content-Length: " + std::to_string(get.body.size()) + "\r\n";
  REQUIRE(socket.send("HEAD /long HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n"));
  const auto head = socket.response(true);
  CHECK(head.has(length));
  CHECK(head.has("Content-Encoding: gzip\r\n"));
  // Nothing of a body came between.
  CHECK(socket.ask("GET /short HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n").body == "{}");
  const auto plain = socket.ask("GET /long HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(plain.body == text);
  CHECK(plain.has("Vary: Accept-Encoding\r\n"));
  const auto last = socket.ask(
      "GET /long HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n");
  CHECK(last.has("Connection: close\r\n"));
  CHECK(unpacked(last.body) == text);
  CHECK(socket.closed_by_server());
}
