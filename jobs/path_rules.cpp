#include "jobs/path_rules.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

namespace peerpress::jobs {
namespace {

struct suffix_rule {
    std::string_view suffix;
    std::string_view replacement;
};

constexpr std::array suffix_rules{
    suffix_rule{".gz", ""},      suffix_rule{".tgz", ".tar"}, suffix_rule{".taz", ".tar"},
    suffix_rule{".bgz", ""},     suffix_rule{".z", ""},       suffix_rule{".zz", ""},
    suffix_rule{".deflate", ""},
};

bool ends_with_in_any_case(std::string_view name, std::string_view suffix) {
    if (name.size() <= suffix.size()) return false;
    const std::string_view end = name.substr(name.size() - suffix.size());
    return std::equal(end.begin(), end.end(), suffix.begin(), [](char left, char right) {
        return std::tolower(static_cast<unsigned char>(left)) == right;
    });
}

std::string_view without_trailing_slashes(std::string_view path) {
    while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
    return path;
}

std::string_view base_name(std::string_view path) {
    path = without_trailing_slashes(path);
    const std::size_t slash = path.rfind('/');
    return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

// "." for a bare name, "/" for a name below it.
std::string directory_name(std::string_view path) {
    path = without_trailing_slashes(path);
    const std::size_t slash = path.rfind('/');
    if (slash == std::string_view::npos) return ".";
    return std::string(slash == 0 ? path.substr(0, 1) : path.substr(0, slash));
}

// The directory part of a path below a root; empty for an entry of the root itself.
std::string relative_directory(std::string_view relative) {
    const std::size_t slash = relative.rfind('/');
    return slash == std::string_view::npos ? std::string() : std::string(relative.substr(0, slash));
}

std::string output_name(const job_spec& spec, std::string_view source_name) {
    if (spec.operation == operation::copy) return std::string(source_name);
    if (spec.operation != operation::compress)
        return without_suffix(source_name, spec.suffix).value_or(std::string(source_name));
    std::string name(source_name);
    name += spec.suffix.empty() ? pipeline::container_suffix(spec.container)
                                : std::string_view(spec.suffix);
    return name;
}

placement beside_source(const job_spec& spec, const place& source) {
    output_place output;
    if (source.relative.empty())
        output.directory = {directory_name(source.root), ""};
    else
        output.directory = {source.root, relative_directory(source.relative)};
    output.name = output_name(spec, base_name(source.path()));
    return {.output = std::move(output)};
}

placement below_destination(const job_spec& spec, const place& source) {
    output_place output{.directory = {spec.destination_dir, ""},
                        .name = output_name(spec, base_name(source.path())),
                        .make_directories = true};
    if (source.relative.empty()) return {.output = std::move(output)};
    const std::optional<std::string> root = normalised(source.root);
    if (!root)
        return {.error = {reason::invalid_argument,
                          source.root + ": its own name cannot be told from the path; name the "
                                        "directory by a path that does not begin with \"..\""},
                .output = {}};
    // "." and "/" have no name of their own: their entries lie directly below the destination.
    const std::string_view root_name = *root == "." || *root == "/" ? "" : base_name(*root);
    output.directory.relative = join(root_name, relative_directory(source.relative));
    output.mirrored_root = source.root;
    output.unmirrored_components = root_name.empty() ? 0 : 1;
    return {.output = std::move(output)};
}

}  // namespace

std::string join(std::string_view directory, std::string_view name) {
    if (directory.empty()) return std::string(name);
    if (name.empty()) return std::string(directory);
    std::string joined(directory);
    if (joined.back() != '/') joined += '/';
    return joined += name;
}

std::string place::path() const {
    return join(root, relative);
}

std::string output_place::path() const {
    // "./name" is how the kernel is told, "name" how people say it.
    const std::string where = directory.path();
    return where == "." ? name : join(where, name);
}

std::optional<std::string> without_suffix(std::string_view name, std::string_view custom_suffix) {
    if (!custom_suffix.empty() && name.size() > custom_suffix.size() &&
        name.ends_with(custom_suffix))
        return std::string(name.substr(0, name.size() - custom_suffix.size()));
    if (name.ends_with(".Z")) return std::nullopt;
    for (const suffix_rule& rule : suffix_rules) {
        if (!ends_with_in_any_case(name, rule.suffix)) continue;
        std::string stem(name.substr(0, name.size() - rule.suffix.size()));
        return stem += rule.replacement;
    }
    return std::nullopt;
}

bool is_temporary_name(std::string_view name) {
    return name.starts_with(".peerpress-") && name.ends_with(".partial");
}

std::optional<std::string> normalised(std::string_view path) {
    const bool absolute = path.starts_with('/');
    std::vector<std::string_view> components;
    while (!path.empty()) {
        const std::size_t slash = path.find('/');
        const std::string_view component = path.substr(0, slash);
        path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
        if (component.empty() || component == ".") continue;
        if (component != "..") {
            components.push_back(component);
        } else if (!components.empty()) {
            components.pop_back();
        } else if (!absolute) {
            return std::nullopt;
        }
    }
    std::string joined = absolute ? "/" : "";
    for (const std::string_view component : components) joined = join(joined, component);
    return joined.empty() ? "." : joined;
}

problem suffix_objection(const job_spec& spec, const place& source) {
    if (spec.operation == operation::copy) return {};
    const bool named_itself = source.relative.empty();
    if (named_itself && (!spec.destination.empty() || spec.operation == operation::test)) return {};
    const bool has_suffix = without_suffix(base_name(source.path()), spec.suffix).has_value();
    if (spec.operation == operation::compress && has_suffix)
        return {reason::source_has_suffix,
                source.path() + " already has a compressed file's suffix; left as it is"};
    if (spec.operation != operation::compress && !has_suffix)
        return {reason::source_lacks_suffix,
                source.path() +
                    " has no suffix of a compressed file; left as it is (name the "
                    "output to decompress it all the same)"};
    return {};
}

output_place place_of_output(std::string_view path) {
    return {.directory = {directory_name(path), ""}, .name = std::string(base_name(path))};
}

placement place_output(const job_spec& spec, const place& source) {
    if (!spec.destination.empty()) return {.output = place_of_output(spec.destination)};
    return spec.destination_dir.empty() ? beside_source(spec, source)
                                        : below_destination(spec, source);
}

}  // namespace peerpress::jobs
