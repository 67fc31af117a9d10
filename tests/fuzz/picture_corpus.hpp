// Small pictures of each kind that libjpeg and libpng know, as seeds.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

// jpeglib.h wants <cstdio> before it.
#include <jpeglib.h>
#include <png.h>

#include "base/bytes.hpp"

namespace powershare::fuzz {

using AddPicture = std::function<void(const std::string& name, ByteView file)>;

inline std::vector<std::uint8_t> gradient(std::size_t bytes) {
  std::vector<std::uint8_t> pixels(bytes);
  for (std::size_t i = 0; i < bytes; ++i) pixels[i] = static_cast<std::uint8_t>(i * 7);
  return pixels;
}

inline void add_jpeg(const AddPicture& add, const std::string& name, J_COLOR_SPACE space,
                     int channels, bool progressive, bool comment) {
  constexpr unsigned width = 18, height = 10;
  jpeg_compress_struct info{};
  jpeg_error_mgr manager{};
  info.err = jpeg_std_error(&manager);
  jpeg_create_compress(&info);
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &buffer, &size);
  info.image_width = width;
  info.image_height = height;
  info.input_components = channels;
  info.in_color_space = space;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, 40, TRUE);
  if (progressive) jpeg_simple_progression(&info);
  jpeg_start_compress(&info, TRUE);
  if (comment) {
    jpeg_write_marker(&info, JPEG_COM, reinterpret_cast<const JOCTET*>("a comment"), 9);
    jpeg_write_marker(&info, JPEG_APP0 + 1, reinterpret_cast<const JOCTET*>("Exif\0\0II*\0"), 10);
  }
  auto pixels = gradient(std::size_t{width} * height * static_cast<unsigned>(channels));
  while (info.next_scanline < height) {
    JSAMPROW row =
        pixels.data() + std::size_t{width} * static_cast<unsigned>(channels) * info.next_scanline;
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  add(name, {buffer, size});
  jpeg_destroy_compress(&info);
  std::free(buffer);
}

inline void add_png(const AddPicture& add, const std::string& name, png_uint_32 format) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = 11;
  image.height = 7;
  image.format = format;
  const bool mapped = (format & PNG_FORMAT_FLAG_COLORMAP) != 0;
  image.colormap_entries = mapped ? 256 : 0;
  auto pixels = gradient(PNG_IMAGE_SIZE(image));
  const auto colours = gradient(std::size_t{4} * 256);
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  Bytes file(size);
  if (png_image_write_to_memory(&image, file.data(), &size, 0, pixels.data(), 0,
                                mapped ? colours.data() : nullptr) == 0) {
    return;
  }
  add(name, ByteView(file).first(size));
}

inline void add_pictures(const AddPicture& add) {
  add_jpeg(add, "baseline.jpg", JCS_RGB, 3, false, false);
  add_jpeg(add, "progressive.jpg", JCS_RGB, 3, true, false);
  add_jpeg(add, "gray.jpg", JCS_GRAYSCALE, 1, false, false);
  add_jpeg(add, "cmyk.jpg", JCS_CMYK, 4, false, false);
  add_jpeg(add, "comment.jpg", JCS_RGB, 3, false, true);
  add_png(add, "rgb.png", PNG_FORMAT_RGB);
  add_png(add, "alpha.png", PNG_FORMAT_RGBA);
  add_png(add, "gray.png", PNG_FORMAT_GRAY);
  add_png(add, "sixteen.png", PNG_FORMAT_LINEAR_RGB_ALPHA);
  add_png(add, "palette.png", PNG_FORMAT_RGBA_COLORMAP);
}

}  // namespace powershare::fuzz
