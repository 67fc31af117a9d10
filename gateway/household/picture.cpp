#include "gateway/household/picture.hpp"

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <vector>

// jpeglib.h wants <cstdio> before it.
#include <jpeglib.h>
#include <png.h>

#include "gateway/error.hpp"

namespace powershare::gateway::household {
namespace {

struct Pixels {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::vector<std::uint8_t> rgb;
};

Error damaged() {
  return {GatewayError::bad_parameter, "The picture is damaged, or of a kind that is not taken."};
}

Result<void> check_size(std::uint64_t width, std::uint64_t height) {
  const bool fits = width <= max_picture_side && height <= max_picture_side &&
                    width * height <= max_picture_pixels;
  if (fits && width > 0 && height > 0) return {};
  return Error{GatewayError::too_large,
               "A picture has at most 4096 pixels a side, 8 million in all."};
}

// ── JPEG. libjpeg leaves by longjmp: in the functions that call it no object has a destructor. ──

struct JpegFault {
  jpeg_error_mgr manager;  // first: libjpeg knows only this part
  std::jmp_buf leave;
};

[[noreturn]] void on_error(j_common_ptr info) {
  std::longjmp(reinterpret_cast<JpegFault*>(info->err)->leave, 1);
}
/// What libjpeg would guess about, as missing data, is no picture to keep.
void on_message(j_common_ptr info, int level) {
  if (level < 0) on_error(info);
}
void say_nothing(j_common_ptr) {}

jpeg_error_mgr* quiet(JpegFault& fault) {
  jpeg_std_error(&fault.manager);
  fault.manager.error_exit = on_error;
  fault.manager.emit_message = on_message;
  fault.manager.output_message = say_nothing;
  return &fault.manager;
}

void count_scans(j_common_ptr info) {
  if (reinterpret_cast<j_decompress_ptr>(info)->input_scan_number > max_picture_scans) {
    on_error(info);
  }
}

class JpegReader {
 public:
  JpegReader() { info_.err = quiet(fault_); }
  ~JpegReader() { jpeg_destroy_decompress(&info_); }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  bool read_header(ByteView file) {
    if (setjmp(fault_.leave) != 0) return false;
    jpeg_create_decompress(&info_);
    progress_.progress_monitor = count_scans;
    info_.progress = &progress_;
    jpeg_mem_src(&info_, file.data(), static_cast<unsigned long>(file.size()));
    return jpeg_read_header(&info_, TRUE) == JPEG_HEADER_OK;
  }
  std::uint32_t width() const { return info_.image_width; }
  std::uint32_t height() const { return info_.image_height; }

  /// Decodes what is much too large to a half, a quarter or an eighth at once.
  bool begin() {
    if (setjmp(fault_.leave) != 0) return false;
    info_.out_color_space = JCS_RGB;
    info_.scale_num = 1;
    info_.scale_denom = 1;
    const auto side = std::max(info_.image_width, info_.image_height);
    while (info_.scale_denom < 8 && side / (info_.scale_denom * 2) >= picture_side) {
      info_.scale_denom *= 2;
    }
    return jpeg_start_decompress(&info_) == TRUE && info_.output_components == 3;
  }
  std::uint32_t out_width() const { return info_.output_width; }
  std::uint32_t out_height() const { return info_.output_height; }

  bool read_rows(std::uint8_t* rgb) {
    if (setjmp(fault_.leave) != 0) return false;
    while (info_.output_scanline < info_.output_height) {
      JSAMPROW row = rgb + std::size_t{3} * info_.output_width * info_.output_scanline;
      if (jpeg_read_scanlines(&info_, &row, 1) != 1) return false;
    }
    return jpeg_finish_decompress(&info_) == TRUE;
  }

 private:
  JpegFault fault_{};
  jpeg_progress_mgr progress_{};
  jpeg_decompress_struct info_{};
};

Result<Pixels> read_jpeg(ByteView file) {
  JpegReader reader;
  if (!reader.read_header(file)) return damaged();
  if (auto fits = check_size(reader.width(), reader.height()); !fits) return fits.error();
  if (!reader.begin()) return damaged();
  Pixels pixels{reader.out_width(), reader.out_height(), {}};
  pixels.rgb.resize(std::size_t{3} * pixels.width * pixels.height);
  if (!reader.read_rows(pixels.rgb.data())) return damaged();
  return pixels;
}

class JpegWriter {
 public:
  JpegWriter() { info_.err = quiet(fault_); }
  ~JpegWriter() {
    jpeg_destroy_compress(&info_);
    std::free(buffer_);
  }
  JpegWriter(const JpegWriter&) = delete;
  JpegWriter& operator=(const JpegWriter&) = delete;

  bool write(const Pixels& pixels, int quality) {
    if (setjmp(fault_.leave) != 0) return false;
    jpeg_create_compress(&info_);
    jpeg_mem_dest(&info_, &buffer_, &size_);
    info_.image_width = pixels.width;
    info_.image_height = pixels.height;
    info_.input_components = 3;
    info_.in_color_space = JCS_RGB;
    jpeg_set_defaults(&info_);
    jpeg_set_quality(&info_, quality, TRUE);
    jpeg_start_compress(&info_, TRUE);
    while (info_.next_scanline < info_.image_height) {
      // libjpeg does not write to what it compresses.
      JSAMPROW row = const_cast<std::uint8_t*>(pixels.rgb.data()) +
                     std::size_t{3} * pixels.width * info_.next_scanline;
      jpeg_write_scanlines(&info_, &row, 1);
    }
    jpeg_finish_compress(&info_);
    return true;
  }
  ByteView written() const { return {buffer_, size_}; }

 private:
  JpegFault fault_{};
  jpeg_compress_struct info_{};
  unsigned char* buffer_ = nullptr;
  unsigned long size_ = 0;
};

// ── PNG, by libpng's simplified interface, which skips all that is not colour ───────────────────

class PngReader {
 public:
  PngReader() { image_.version = PNG_IMAGE_VERSION; }
  ~PngReader() { png_image_free(&image_); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  Result<Pixels> read(ByteView file) {
    if (png_image_begin_read_from_memory(&image_, file.data(), file.size()) == 0) return damaged();
    if (auto fits = check_size(image_.width, image_.height); !fits) return fits.error();
    image_.format = PNG_FORMAT_RGB;
    Pixels pixels{image_.width, image_.height, {}};
    pixels.rgb.resize(PNG_IMAGE_SIZE(image_));
    const png_color white{255, 255, 255};
    if (png_image_finish_read(&image_, &white, pixels.rgb.data(), 0, nullptr) == 0) {
      return damaged();
    }
    return pixels;
  }

 private:
  png_image image_{};
};

// ── Scaling ─────────────────────────────────────────────────────────────────────────────────────

/// The mean colour of a box of pixels, each channel rounded to the nearest.
void write_mean(const Pixels& from, std::uint32_t left, std::uint32_t right, std::uint32_t top,
                std::uint32_t bottom, std::uint8_t* to) {
  std::array<std::uint64_t, 3> sums{};
  for (auto y = top; y < bottom; ++y) {
    const auto* pixel = from.rgb.data() + std::size_t{3} * (std::size_t{y} * from.width + left);
    for (auto x = left; x < right; ++x) {
      for (auto& sum : sums) sum += *pixel++;
    }
  }
  const std::uint64_t count = std::uint64_t{right - left} * (bottom - top);
  for (const auto sum : sums) *to++ = static_cast<std::uint8_t>((sum + count / 2) / count);
}

/// At most picture_side a side, in the same proportion; smaller ones as they are.
Pixels shrunk(Pixels from) {
  const auto side = std::max(from.width, from.height);
  if (side <= picture_side) return from;
  const auto scaled = [side](std::uint32_t length) {
    return std::max<std::uint32_t>(1, length * picture_side / side);
  };
  Pixels to{scaled(from.width), scaled(from.height), {}};
  to.rgb.resize(std::size_t{3} * to.width * to.height);
  auto* out = to.rgb.data();
  for (std::uint32_t y = 0; y < to.height; ++y) {
    for (std::uint32_t x = 0; x < to.width; ++x, out += 3) {
      write_mean(from, x * from.width / to.width, (x + 1) * from.width / to.width,
                 y * from.height / to.height, (y + 1) * from.height / to.height, out);
    }
  }
  return to;
}

Result<Pixels> read_any(ByteView file) {
  constexpr std::array<std::uint8_t, 3> jpeg{0xff, 0xd8, 0xff};
  constexpr std::array<std::uint8_t, 4> png{0x89, 'P', 'N', 'G'};
  const auto begins = [&](ByteView with) {
    return file.size() > with.size() && equal(file.first(with.size()), with);
  };
  if (begins(jpeg)) return read_jpeg(file);
  if (begins(png)) return PngReader().read(file);
  return Error{GatewayError::bad_parameter, "A picture is a PNG or a JPEG."};
}

}  // namespace

Result<Bytes> plain_picture(ByteView file) {
  if (file.size() > max_picture_file_bytes) {
    return Error{GatewayError::too_large, "A picture has at most 2 MiB."};
  }
  auto read = read_any(file);
  if (!read) return read.error();
  const auto pixels = shrunk(std::move(*read));
  for (const int quality : {85, 70, 50, 25, 5}) {
    JpegWriter writer;
    if (!writer.write(pixels, quality)) return damaged();
    if (writer.written().size() <= ledger::max_picture_bytes) return to_bytes(writer.written());
  }
  return damaged();
}

}  // namespace powershare::gateway::household
