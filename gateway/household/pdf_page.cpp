#include "gateway/household/pdf_page.hpp"

#include <cairo-pdf.h>

namespace powershare::gateway::household {

struct PdfPage::Parts {
  std::string bytes;
  cairo_surface_t* surface = nullptr;
  cairo_t* context = nullptr;

  void use(const Style& style) const {
    cairo_select_font_face(context, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL,
                           style.bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(context, style.size);
    colour(style.colour);
  }
  void colour(PdfColour colour) const {
    cairo_set_source_rgb(context, colour.red, colour.green, colour.blue);
  }
};

namespace {

cairo_status_t append(void* bytes, const unsigned char* data, unsigned length) {
  static_cast<std::string*>(bytes)->append(reinterpret_cast<const char*>(data), length);
  return CAIRO_STATUS_SUCCESS;
}

}  // namespace

PdfPage::PdfPage(const PdfInfo& info) : parts_(std::make_unique<Parts>()) {
  parts_->surface = cairo_pdf_surface_create_for_stream(append, &parts_->bytes, width, height);
  const auto describe = [&](cairo_pdf_metadata_t field, const std::string& value) {
    cairo_pdf_surface_set_metadata(parts_->surface, field, value.c_str());
  };
  describe(CAIRO_PDF_METADATA_TITLE, info.title);
  describe(CAIRO_PDF_METADATA_SUBJECT, info.subject);
  describe(CAIRO_PDF_METADATA_AUTHOR, info.author);
  describe(CAIRO_PDF_METADATA_CREATOR, "Power Share");
  describe(CAIRO_PDF_METADATA_CREATE_DATE, info.created);
  describe(CAIRO_PDF_METADATA_MOD_DATE, info.created);
  parts_->context = cairo_create(parts_->surface);
  // Letters are as wide as the font says, whatever this machine's screens want.
  auto* options = cairo_font_options_create();
  cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
  cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
  cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
  cairo_set_font_options(parts_->context, options);
  cairo_font_options_destroy(options);
}

PdfPage::~PdfPage() {
  cairo_destroy(parts_->context);
  cairo_surface_destroy(parts_->surface);
}

void PdfPage::text(double x, double y, const Style& style, std::string_view words) {
  parts_->use(style);
  cairo_move_to(parts_->context, x, y);
  cairo_show_text(parts_->context, std::string(words).c_str());
}

void PdfPage::text_right(double x, double y, const Style& style, std::string_view words) {
  text(x - width_of(style, words), y, style, words);
}

double PdfPage::width_of(const Style& style, std::string_view words) {
  parts_->use(style);
  cairo_text_extents_t extents;
  cairo_text_extents(parts_->context, std::string(words).c_str(), &extents);
  return extents.x_advance;
}

std::vector<std::string> PdfPage::wrapped(const Style& style, double room, std::string_view words) {
  std::vector<std::string> lines;
  std::string line;
  while (!words.empty()) {
    const auto space = words.find(' ');
    const auto word = words.substr(0, space);
    words = space == std::string_view::npos ? std::string_view() : words.substr(space + 1);
    const std::string longer = line.empty() ? std::string(word) : line + " " + std::string(word);
    if (!line.empty() && width_of(style, longer) > room) {
      lines.push_back(std::move(line));
      line = word;
    } else {
      line = longer;
    }
  }
  if (!line.empty()) lines.push_back(std::move(line));
  return lines;
}

void PdfPage::rule(double x, double y, double length, double thickness, PdfColour colour) {
  parts_->colour(colour);
  cairo_set_line_width(parts_->context, thickness);
  cairo_move_to(parts_->context, x, y);
  cairo_line_to(parts_->context, x + length, y);
  cairo_stroke(parts_->context);
}

void PdfPage::box(double x, double y, double wide, double high, PdfColour colour) {
  parts_->colour(colour);
  cairo_rectangle(parts_->context, x, y, wide, high);
  cairo_fill(parts_->context);
}

void PdfPage::next_page() {
  cairo_show_page(parts_->context);
}

std::string PdfPage::finish() {
  cairo_show_page(parts_->context);
  cairo_surface_finish(parts_->surface);
  if (cairo_status(parts_->context) != CAIRO_STATUS_SUCCESS ||
      cairo_surface_status(parts_->surface) != CAIRO_STATUS_SUCCESS) {
    return {};
  }
  return std::move(parts_->bytes);
}

}  // namespace powershare::gateway::household
