#include "client/manual/pages.hpp"
#include "client/version.hpp"

#include <fmt/format.h>

#include <sstream>

namespace peerpress::client::manual {
namespace {

// roff takes a hyphen for a typographic one, a backslash for its own, and a dot or quote at the
// front of a line for a request.
std::string roff(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if (c == '-') {
            out += "\\-";
        } else if (c == '\\') {
            out += "\\e";
        } else if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n')) {
            out += "\\&";
            out += c;
        } else {
            out += c;
        }
    }
    return out;
}

std::string paragraphs(const std::string& text) {
    std::string out;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        out += line.empty() ? ".PP\n" : roff(line) + "\n";
    return out;
}

std::string synopsis(const command_model& command) {
    std::string out =
        fmt::format(".SH SYNOPSIS\n.B {}\n[\\fIOPTION\\fR]...", roff(full_name(command)));
    if (!command.commands.empty()) out += " \\fICOMMAND\\fR";
    if (!command.operands.empty()) out += " " + roff(command.operands);
    return out + "\n";
}

std::string option_entry(const option_model& option) {
    std::string names;
    for (const std::string& name : option.names) {
        if (!names.empty()) names += ", ";
        names += "\\fB" + roff(name) + "\\fR";
    }
    if (!option.value.empty()) names += " \\fI" + roff(option.value) + "\\fR";
    return fmt::format(".TP\n{}\n{}.\n", names, roff(option.help));
}

std::string command_entries(const command_model& command) {
    if (command.commands.empty()) return {};
    std::string out = ".SH COMMANDS\n";
    for (const command_model& c : command.commands) {
        out += fmt::format(".TP\n\\fB{}\\fR\n{}.\n", roff(c.name), roff(c.summary));
    }
    return out;
}

const char* const exit_status =
    ".SH EXIT STATUS\n"
    ".TP\n0\nDone.\n"
    ".TP\n1\nAn error.\n"
    ".TP\n2\nA warning: something was passed over, or done with something lost.\n"
    ".TP\n3\nSome files failed, others are done.\n"
    ".TP\n4\nThe server does not answer, or takes no work.\n"
    ".TP\n5\nThe server does not permit it.\n"
    ".PP\nA command that is interrupted cleans up and ends by the signal.\n";

const char* const gzip_exit_status =
    ".SH EXIT STATUS\n"
    ".TP\n0\nDone.\n"
    ".TP\n1\nAn error.\n"
    ".TP\n2\nA warning.\n";

const char* const environment =
    ".SH ENVIRONMENT\n"
    ".TP\n\\fBPEERPRESS_SERVER\\fR\nThe server to use, as \\fB\\-\\-server\\fR takes it.\n"
    ".TP\n\\fBPEERPRESS_TLS_CA\\fR, \\fBPEERPRESS_TLS_CERT\\fR, \\fBPEERPRESS_TLS_KEY\\fR\n"
    "Files for a server that is reached by TLS, as \\fB\\-\\-tls\\-ca\\fR, "
    "\\fB\\-\\-tls\\-cert\\fR "
    "and \\fB\\-\\-tls\\-key\\fR name them.\n"
    ".TP\n\\fBXDG_RUNTIME_DIR\\fR\n"
    "Where \\fIpeerpress/peerpressd.sock\\fR is looked for before "
    "\\fI/run/peerpress/peerpressd.sock\\fR.\n"
    ".TP\n\\fBTERM\\fR\nProgress is not redrawn where it is dumb.\n";

std::string see_also(const command_model& program, const command_model& command) {
    std::string out = ".SH SEE ALSO\n";
    std::string separator;
    const auto add = [&](const command_model& c) {
        if (c.name == command.name) return;
        out += fmt::format("{}.BR {} (1)", separator, roff(full_name(c, "-")));
        separator = ",\n";
    };
    add(program);
    for (const command_model& c : program.commands) add(c);
    return out + separator + ".BR gzip (1)\n";
}

}  // namespace

std::string man_page(const command_model& program, const command_model& command) {
    // No date: the same sources give the same page.
    std::string out =
        fmt::format(".TH {} 1 \"\" \"peerpress {}\" \"User Commands\"\n.SH NAME\n{} \\- {}\n",
                    roff(full_name(command, "-")), version, roff(full_name(command, "-")),
                    roff(command.summary));
    out += synopsis(command);
    out += ".SH DESCRIPTION\n" + roff(command.summary) + ".\n";
    if (!command.details.empty()) out += ".PP\n" + paragraphs(command.details);
    out += command_entries(command);
    out += ".SH OPTIONS\n";
    for (const option_model& option : command.options) out += option_entry(option);
    out += command.name == "gzip" ? gzip_exit_status : exit_status;
    if (command.name != "gzip") out += environment;
    return out + see_also(program, command);
}

}  // namespace peerpress::client::manual
