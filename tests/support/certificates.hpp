// A certificate authority of a test's own, by openssl's command: keys, certificates, revocations.
#pragma once

#include "tests/support/process.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace peerpress::test {

// NAME.pem and NAME.key lie in `directory`, as does the authority's own NAME.pem.
class certificate_authority {
public:
    certificate_authority(std::filesystem::path directory, std::string name)
        : directory_(std::move(directory)), name_(std::move(name)) {
        openssl({"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                 "-days", "2", "-subj", "/CN=" + name_, "-keyout", name_ + ".key", "-out",
                 name_ + ".pem"});
        write(name_ + ".conf", "[ca]\ndefault_ca = here\n[here]\ndatabase = " + name_ +
                                   ".index\ncrlnumber = " + name_ +
                                   ".number\ndefault_md = sha256\ndefault_crl_days = 1\n");
        write(name_ + ".index", "");
        write(name_ + ".number", "01\n");
    }

    std::string certificate() const { return path(name_ + ".pem"); }
    std::string path(const std::string& file) const { return (directory_ / file).string(); }

    // `alternative` as openssl writes it: "URI:spiffe://a/b", "DNS:localhost,IP:127.0.0.1"; empty:
    // none. A certificate of -1 days has been valid.
    void issue(const std::string& file, const std::string& common_name,
               const std::string& alternative = {}, int days = 2) const {
        openssl({"req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                 "/CN=" + common_name, "-keyout", file + ".key", "-out", file + ".csr"});
        write(file + ".ext", alternative.empty() ? "" : "subjectAltName=" + alternative + "\n");
        openssl({"x509", "-req", "-in", file + ".csr", "-CA", name_ + ".pem", "-CAkey",
                 name_ + ".key", "-CAcreateserial", "-extfile", file + ".ext", "-days",
                 std::to_string(days), "-out", file + ".pem"});
    }

    // Revokes it, and puts the list into `list_directory`.
    void revoke(const std::string& file, const std::string& list_directory) const {
        const std::vector<std::string> by{"ca",           "-config",  name_ + ".conf", "-cert",
                                          name_ + ".pem", "-keyfile", name_ + ".key"};
        auto revoke = by;
        revoke.insert(revoke.end(), {"-revoke", file + ".pem"});
        openssl(revoke);
        auto list = by;
        list.insert(list.end(), {"-gencrl", "-out", list_directory + "/" + name_ + ".pem"});
        openssl(list);
        openssl({"rehash", list_directory});
    }

    std::string text_of(const std::string& file) const {
        std::ifstream in(path(file), std::ios::binary);
        std::ostringstream text;
        text << in.rdbuf();
        return text.str();
    }

private:
    void openssl(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), "openssl");
        const auto run = run_program(arguments, {.directory = directory_});
        if (run.exit_code != 0)
            throw std::runtime_error("openssl " + arguments[1] + ": " + run.err);
    }
    void write(const std::string& file, const std::string& text) const {
        std::ofstream(path(file)) << text;
    }

    std::filesystem::path directory_;
    std::string name_;
};

}  // namespace peerpress::test
