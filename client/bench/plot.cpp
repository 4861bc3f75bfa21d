#include "client/bench/plot.hpp"

#include "client/printable.hpp"
#include "client/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace peerpress::client::bench {
namespace {

struct point {
    double ratio = 0;
    double rate = 0;
    int level = 0;
};
struct series {
    std::string name;
    std::vector<point> points;
};

constexpr double width = 860;
constexpr double height = 540;
constexpr double left = 84;
constexpr double right = 700;  // the names stand beyond
constexpr double top = 64;
constexpr double bottom = 480;

// Okabe and Ito's, which people who see few colours tell apart; ours first.
constexpr std::array colours{"#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"};

std::vector<series> series_of(const figures& made) {
    std::vector<series> all{{"peerpress", {}}};
    for (const level_figures& level : made.levels)
        all.front().points.push_back({level.job.ratio, level.job.rate, level.level});
    for (const peer_figures& peer : made.peers) {
        const auto same = [&peer](const series& one) { return one.name == peer.tool; };
        auto found = std::ranges::find_if(all, same);
        if (found == all.end()) found = all.insert(all.end(), series{peer.tool, {}});
        found->points.push_back({peer.job.ratio, peer.job.rate, peer.level});
    }
    return all;
}

// From data to places on the picture.
class scale {
public:
    explicit scale(const std::vector<series>& all) {
        for (const series& each : all)
            for (const point& p : each.points) take(p);
        // Air around the outermost points; none has an extent of its own where there is only one.
        const double margin = std::max(0.06 * (ratio_max_ - ratio_min_), 0.02 * ratio_max_);
        ratio_min_ -= margin;
        ratio_max_ += margin;
        rate_min_ /= 1.25;
        rate_max_ *= 1.25;
    }

    double x(double ratio) const {
        return left + (right - left) * (ratio - ratio_min_) / (ratio_max_ - ratio_min_);
    }
    double y(double rate) const {
        return bottom -
               (bottom - top) * std::log(rate / rate_min_) / std::log(rate_max_ / rate_min_);
    }

    // 1, 2 and 5 of each power of ten.
    std::vector<double> rate_ticks() const {
        std::vector<double> ticks;
        for (double power = std::pow(10, std::floor(std::log10(rate_min_))); power <= rate_max_;
             power *= 10)
            for (const double step : {1.0, 2.0, 5.0})
                if (const double at = power * step; at >= rate_min_ && at <= rate_max_)
                    ticks.push_back(at);
        return ticks;
    }
    std::vector<double> ratio_ticks() const {
        const double raw = (ratio_max_ - ratio_min_) / 8;
        const double power = std::pow(10, std::floor(std::log10(raw)));
        const double step = raw / power > 5 ? 10 * power : raw / power > 2 ? 5 * power : 2 * power;
        std::vector<double> ticks;
        for (double at = std::ceil(ratio_min_ / step) * step; at <= ratio_max_; at += step)
            ticks.push_back(at);
        return ticks;
    }

private:
    void take(const point& p) {
        ratio_min_ = std::min(ratio_min_, p.ratio);
        ratio_max_ = std::max(ratio_max_, p.ratio);
        rate_min_ = std::min(rate_min_, p.rate);
        rate_max_ = std::max(rate_max_, p.rate);
    }

    double ratio_min_ = 1e300;
    double ratio_max_ = 0;
    double rate_min_ = 1e300;
    double rate_max_ = 0;
};

std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : to_utf8(printable(text))) {
        if (c == '&')
            out += "&amp;";
        else if (c == '<')
            out += "&lt;";
        else if (c == '>')
            out += "&gt;";
        else
            out += c;
    }
    return out;
}

std::string text_at(double x, double y, const std::string& anchor, const std::string& text,
                    const std::string& more = {}) {
    return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\"{}>{}</text>\n", x, y,
                       anchor, more, escaped(text));
}

std::string line(double x1, double y1, double x2, double y2) {
    return fmt::format(
        "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"#dddddd\"/>\n", x1,
        y1, x2, y2);
}

std::string grid(const scale& to) {
    std::string out;
    for (const double rate : to.rate_ticks()) {
        out += line(left, to.y(rate), right, to.y(rate));
        out += text_at(left - 8, to.y(rate) + 4, "end", rate_text(rate));
    }
    for (const double ratio : to.ratio_ticks()) {
        out += line(to.x(ratio), top, to.x(ratio), bottom);
        out += text_at(to.x(ratio), bottom + 18, "middle", fmt::format("{:.4g}", ratio));
    }
    return out +
           text_at((left + right) / 2, bottom + 40, "middle", "ratio (bytes in for each byte out)");
}

std::string drawn(const series& of, const char* colour, const scale& to) {
    std::string path;
    std::string marks;
    for (const point& p : of.points) {
        path += fmt::format("{:.1f},{:.1f} ", to.x(p.ratio), to.y(p.rate));
        marks += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3.5\" fill=\"{}\"/>\n",
                             to.x(p.ratio), to.y(p.rate), colour);
        marks += text_at(to.x(p.ratio) + 6, to.y(p.rate) - 6, "start", std::to_string(p.level),
                         fmt::format(" fill=\"{}\"", colour));
    }
    return fmt::format(
               "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.5\"/>\n", path,
               colour) +
           marks;
}

}  // namespace

std::string plot_svg(const figures& made) {
    if (made.levels.empty()) return {};
    const std::vector<series> all = series_of(made);
    const scale to(all);
    std::string out = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" "
        "height=\"{1}\" font-family=\"sans-serif\" font-size=\"12\">\n"
        "<rect width=\"{0}\" height=\"{1}\" fill=\"#ffffff\"/>\n",
        width, height);
    out +=
        text_at(left, 26, "start", "From file to file: speed against ratio", " font-size=\"16\"");
    out += text_at(left, 46, "start",
                   fmt::format("{}, {} threads, {}; {}", made.machine.processor, made.machine.cores,
                               made.machine.kernel, made.machine.data));
    out += grid(to);
    double key = top + 12;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const char* const colour = colours[i % colours.size()];
        out += drawn(all[i], colour, to);
        out += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\" fill=\"{}\"/>\n",
                           right + 24, key - 4, colour);
        out += text_at(right + 34, key, "start", all[i].name);
        key += 20;
    }
    return out + "</svg>\n";
}

}  // namespace peerpress::client::bench
