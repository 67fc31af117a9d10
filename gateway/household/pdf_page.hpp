// Pages of a PDF with text, lines and tables, by libcairo: the one place that knows it.
//
// Lengths in points (1/72 inch), from the upper left corner. The font is DejaVu Sans, embedded with
// the glyphs in use; without it (package fonts-dejavu-core) cairo takes another one.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace powershare::gateway::household {

struct PdfColour {
  double red = 0;
  double green = 0;
  double blue = 0;
};

struct PdfInfo {
  std::string title;
  std::string subject;
  std::string author;
  std::string created;  ///< ISO 8601
};

class PdfPage {
 public:
  static constexpr double width = 595.28;  ///< A4
  static constexpr double height = 841.89;

  explicit PdfPage(const PdfInfo& info);
  ~PdfPage();
  PdfPage(const PdfPage&) = delete;
  PdfPage& operator=(const PdfPage&) = delete;
  PdfPage(PdfPage&&) = delete;
  PdfPage& operator=(PdfPage&&) = delete;

  struct Style {
    double size = 9;
    bool bold = false;
    PdfColour colour{};
  };
  void text(double x, double y, const Style& style, std::string_view words);
  void text_right(double x, double y, const Style& style, std::string_view words);
  double width_of(const Style& style, std::string_view words);
  /// Words in lines of at most `room`; a longer word stands alone.
  std::vector<std::string> wrapped(const Style& style, double room, std::string_view words);
  void rule(double x, double y, double length, double thickness, PdfColour colour);
  void box(double x, double y, double wide, double high, PdfColour colour);
  void next_page();
  /// The document; nothing more can be drawn. Empty where something failed.
  std::string finish();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace powershare::gateway::household
