#pragma once
// PostgreSQL's C library, loaded when rows are kept there and not before.
#include <postgresql/libpq-fe.h>

namespace gyre {

// The functions of it that are used.
// clang-format never comes to rest here.
// clang-format off
#define GYRE_LIBPQ_FUNCTIONS(X)                                                                                    \
  X(connectdbParams) X(finish) X(status) X(transactionStatus) X(errorMessage) X(parameterStatus) X(serverVersion)  \
  X(setNoticeProcessor) X(exec) X(prepare) X(describePrepared) X(resultStatus) X(resultErrorField)                 \
  X(ntuples) X(nfields) X(nparams) X(paramtype) X(fname) X(ftype) X(getisnull) X(getvalue) X(getlength) X(clear) \
  X(enterPipelineMode) X(sendQueryParams) X(sendQueryPrepared) X(pipelineSync) X(getResult) X(exitPipelineMode) \
  X(sendQuery) X(sendPrepare) X(sendDescribePrepared) X(setnonblocking) X(socket) X(flush) X(isBusy) X(consumeInput) \
  X(pingParams) X(getCopyData) X(freemem)
// clang-format on

struct Libpq {
#define X(name) decltype(&::PQ##name) name = nullptr;
  GYRE_LIBPQ_FUNCTIONS(X)
#undef X
};

const Libpq& libpq();  // Error{unavailable} when this machine has none

}  // namespace gyre
