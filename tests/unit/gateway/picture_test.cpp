#include "gateway/household/picture.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <random>

// jpeglib.h wants <cstdio> before it.
#include <jpeglib.h>
#include <png.h>

#include "gateway/error.hpp"
#include "tests/unit/gateway/picture_fixture.hpp"

namespace powershare::gateway::test {
namespace {

Bytes written(png_image& image, const std::vector<std::uint8_t>& pixels) {
  png_alloc_size_t size = 0;
  REQUIRE(png_image_write_get_memory_size(image, size, 0, pixels.data(), 0, nullptr));
  Bytes file(size);
  REQUIRE(png_image_write_to_memory(&image, file.data(), &size, 0, pixels.data(), 0, nullptr) != 0);
  file.resize(size);
  return file;
}

png_image image_of(std::uint32_t width, std::uint32_t height, png_uint_32 format) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = width;
  image.height = height;
  image.format = format;
  return image;
}

}  // namespace

Bytes png_of(std::uint32_t width, std::uint32_t height, Colour colour, bool noisy) {
  auto image = image_of(width, height, PNG_FORMAT_RGB);
  std::vector<std::uint8_t> pixels;
  std::mt19937 noise(7);
  for (std::size_t i = 0; i < std::size_t{width} * height; ++i) {
    for (const auto value : {colour.red, colour.green, colour.blue}) {
      pixels.push_back(noisy ? static_cast<std::uint8_t>(noise()) : value);
    }
  }
  return written(image, pixels);
}

Bytes png_with_holes(std::uint32_t side) {
  auto image = image_of(side, side, PNG_FORMAT_RGBA);
  std::vector<std::uint8_t> pixels(std::size_t{4} * side * side, 0);
  for (std::size_t i = 0; i < pixels.size() / 2; i += 4) pixels[i] = pixels[i + 3] = 255;
  return written(image, pixels);
}

Decoded decode_jpeg(ByteView file) {
  jpeg_decompress_struct info{};
  jpeg_error_mgr manager{};
  info.err = jpeg_std_error(&manager);
  jpeg_create_decompress(&info);
  jpeg_mem_src(&info, file.data(), static_cast<unsigned long>(file.size()));
  for (int marker = 0; marker < 16; ++marker) jpeg_save_markers(&info, JPEG_APP0 + marker, 0xffff);
  jpeg_save_markers(&info, JPEG_COM, 0xffff);
  REQUIRE(jpeg_read_header(&info, TRUE) == JPEG_HEADER_OK);
  // JFIF's own header is all that stands there.
  for (auto* marker = info.marker_list; marker != nullptr; marker = marker->next) {
    CHECK(marker->marker == JPEG_APP0);
    CHECK(marker->data_length == 14);
  }
  info.out_color_space = JCS_RGB;
  jpeg_start_decompress(&info);
  Decoded decoded{info.output_width, info.output_height, {}};
  decoded.rgb.resize(std::size_t{3} * decoded.width * decoded.height);
  while (info.output_scanline < info.output_height) {
    auto* row = decoded.rgb.data() + std::size_t{3} * decoded.width * info.output_scanline;
    jpeg_read_scanlines(&info, &row, 1);
  }
  jpeg_finish_decompress(&info);
  jpeg_destroy_decompress(&info);
  return decoded;
}

}  // namespace powershare::gateway::test

namespace powershare::gateway::household {
namespace {

using test::decode_jpeg;
using test::png_of;

/// Within what JPEG changes of one colour.
bool near(std::uint8_t is, int wanted) {
  return is >= wanted - 6 && is <= wanted + 6;
}

/// The PNG with other sizes in its header, and the checksum that fits them.
Bytes with_size(Bytes png, std::uint32_t width, std::uint32_t height) {
  for (int i = 0; i < 4; ++i) {
    png[16 + static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(width >> (24 - 8 * i));
    png[20 + static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(height >> (24 - 8 * i));
  }
  std::uint32_t crc = 0xffffffff;
  for (std::size_t i = 12; i < 29; ++i) {
    crc ^= png[i];
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xedb88320 : 0);
  }
  crc = ~crc;
  for (int i = 0; i < 4; ++i) {
    png[29 + static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(crc >> (24 - 8 * i));
  }
  return png;
}

}  // namespace

TEST_CASE("a picture becomes a JPEG of at most 256 pixels a side in the same proportion") {
  struct Row {
    std::uint32_t width, height, out_width, out_height;
  };
  for (const auto& row :
       {Row{1, 1, 1, 1}, Row{256, 256, 256, 256}, Row{257, 257, 256, 256}, Row{1024, 512, 256, 128},
        Row{300, 900, 85, 256}, Row{4096, 1, 256, 1}, Row{2048, 4096, 128, 256}}) {
    CAPTURE(row.width);
    CAPTURE(row.height);
    const auto picture = plain_picture(png_of(row.width, row.height, {200, 40, 90}));
    REQUIRE(picture.ok());
    const auto decoded = decode_jpeg(*picture);
    CHECK(decoded.width == row.out_width);
    CHECK(decoded.height == row.out_height);
    const auto* middle =
        decoded.rgb.data() +
        3 * (std::size_t{decoded.width} * (decoded.height / 2) + decoded.width / 2);
    CHECK(near(middle[0], 200));
    CHECK(near(middle[1], 40));
    CHECK(near(middle[2], 90));
    // Once more it is the same size: what came out goes in.
    const auto again = plain_picture(*picture);
    REQUIRE(again.ok());
    CHECK(decode_jpeg(*again).width == row.out_width);
  }
}

TEST_CASE("what is transparent is white") {
  const auto picture = plain_picture(test::png_with_holes(64));
  REQUIRE(picture.ok());
  const auto decoded = decode_jpeg(*picture);
  CHECK(decoded.rgb[0] > 248);
  CHECK(near(decoded.rgb[1], 0));
  const auto* last = decoded.rgb.data() + decoded.rgb.size() - 3;
  for (int channel = 0; channel < 3; ++channel) CHECK(last[channel] > 248);
}

TEST_CASE("noise is made coarser until it fits") {
  const auto picture = plain_picture(png_of(256, 256, {}, true));
  REQUIRE(picture.ok());
  CHECK(picture->size() <= ledger::max_picture_bytes);
  CHECK(decode_jpeg(*picture).width == 256);
}

TEST_CASE("nothing of a JPEG's metadata survives") {
  auto plain = *plain_picture(png_of(32, 32, {10, 20, 30}));
  // An EXIF segment and a comment after the first marker.
  Bytes tagged(plain.begin(), plain.begin() + 2);
  for (const auto marker : {std::uint8_t{0xe1}, std::uint8_t{0xfe}}) {
    const std::string_view content = "Exif Lisboa 38.7 N";
    const auto length = static_cast<std::uint8_t>(content.size() + 2);
    for (const std::uint8_t byte : {std::uint8_t{0xff}, marker, std::uint8_t{0}, length}) {
      tagged.push_back(byte);
    }
    tagged.insert(tagged.end(), content.begin(), content.end());
  }
  tagged.insert(tagged.end(), plain.begin() + 2, plain.end());
  const auto picture = plain_picture(tagged);
  REQUIRE(picture.ok());
  CHECK(as_text(*picture).find("Lisboa") == std::string_view::npos);
  decode_jpeg(*picture);
}

TEST_CASE("what is larger than may be decoded is refused before it is") {
  const auto small = png_of(8, 8, {1, 2, 3});
  for (const auto& [width, height] :
       {std::pair{4097U, 1U}, std::pair{1U, 4097U}, std::pair{4096U, 2049U},
        std::pair{65535U, 65535U}, std::pair{0x7fffffffU, 0x7fffffffU}}) {
    const auto& shown_width = width;
    CAPTURE(shown_width);
    const auto refused = plain_picture(with_size(small, width, height));
    REQUIRE_FALSE(refused.ok());
    // Beyond a million libpng itself says no.
    CHECK((refused.error().code() == GatewayError::too_large || width > 1'000'000));
  }
  const auto jpeg = *plain_picture(png_of(8, 8, {1, 2, 3}));
  auto huge = jpeg;
  constexpr std::array<std::uint8_t, 2> start_of_frame{0xff, 0xc0};
  const auto frame =
      std::search(huge.begin(), huge.end(), start_of_frame.begin(), start_of_frame.end());
  REQUIRE(frame != huge.end());
  for (int i = 5; i < 9; ++i) *(frame + i) = 0x7f;
  CHECK(plain_picture(huge).error().code() == GatewayError::too_large);
  CHECK(plain_picture(Bytes(max_picture_file_bytes + 1, 0xff)).error().code() ==
        GatewayError::too_large);
}

TEST_CASE("damaged pictures, and what is none, are refused") {
  const auto png = png_of(40, 40, {9, 9, 9}, true);
  const auto jpeg = *plain_picture(png);
  for (const auto& file : {png, jpeg}) {
    for (std::size_t length = 0; length + 2 < file.size(); length += 37) {
      CAPTURE(length);
      CHECK_FALSE(plain_picture(ByteView(file).first(length)).ok());
    }
  }
  for (const std::string_view text : {"", "GIF89a", "<svg/>", "\xff\xd8\xff", "\x89PNG",
                                      "\x89PNG\r\n\x1a\n", "BM", "RIFF\x01\x02\x03\x04WEBP"}) {
    CHECK(plain_picture(as_bytes(text)).error().code() == GatewayError::bad_parameter);
  }
  std::mt19937 noise(3);
  for (int i = 0; i < 300; ++i) {
    auto file = i % 2 == 0 ? png : jpeg;
    for (int flips = 0; flips < 4; ++flips) {
      file[noise() % file.size()] ^= static_cast<std::uint8_t>(1 << noise() % 8);
    }
    if (const auto picture = plain_picture(file)) {
      CHECK(picture->size() <= ledger::max_picture_bytes);
      decode_jpeg(*picture);
    }
  }
}

}  // namespace powershare::gateway::household
