// Of a job that must go from peer to peer (--fallback forbid): whether each of its files can,
// found out before a byte of any of them moves.
//
// The files are walked once for this and once more to be moved. What appears or changes in between
// fails alone, as whatever else goes wrong with a file.
#pragma once

#include "jobs/file_transfer.hpp"

namespace peerpress::jobs {

// A job of one file needs none: its file begins with the same questions.
bool needs_rehearsal(const job_spec& spec);

// None where all can. On the lane's executor.
awaitable<problem> rehearse(const transfer_setting& setting, opener& opener);

}  // namespace peerpress::jobs
