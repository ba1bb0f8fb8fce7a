#include "base/rows.hpp"

#include <algorithm>
#include <utility>

#include "base/acting_from.hpp"
#include "base/error.hpp"

namespace gyre {

Row SqlColumns::row() const {
  Row row;
  for (int i = 0, columns = count(); i < columns; i++) row[name(i)] = value(i);
  return row;
}

std::vector<Row> Rows::query(std::string_view sql, SqlParameters parameters) {
  std::vector<Row> rows;
  each(sql, parameters, [&](const SqlColumns& columns) { rows.push_back(columns.row()); });
  return rows;
}

void Rows::run(std::string_view sql, SqlParameters parameters) {
  each(sql, parameters, [](const SqlColumns&) {});
}

std::optional<Row> Rows::one(std::string_view sql, SqlParameters parameters) {
  auto rows = query(sql, parameters);
  if (rows.empty()) return {};
  return std::move(rows.front());
}

// A body that waits to be committed, and whom it concerns: a thread that waits, or `then`. Shared: the thread may have
// gone on before the one who woke it is done with that.
struct Rows::Waiting {
  enum State { queued, leads, done };
  std::function<void()> body;
  std::string origin = ActingFrom::now();
  Then then{};
  Elsewhere elsewhere{};
  std::exception_ptr failure{};
  std::atomic<State> state = queued;

  void become(State next) {
    state = next;
    state.notify_one();
  }
};

void Rows::transaction(const std::function<void()>& body) {
  if (inside()) return body();
  auto self = std::make_shared<Waiting>();
  self->body = std::ref(body);
  {
    std::lock_guard lock(queue_mutex_);
    queue_.push_back(self);
    if (!std::exchange(leading_, true)) self->state = Waiting::leads;
  }
  self->state.wait(Waiting::queued);
  if (self->state == Waiting::leads) lead(self);
  if (self->failure) std::rethrow_exception(self->failure);
}

Later Rows::later(std::function<void()> body) {
  auto self = std::make_shared<Waiting>();  // here, where it is known from where it comes
  self->body = std::move(body);
  return [this, self](Then then, Elsewhere elsewhere) {
    self->then = std::move(then);
    self->elsewhere = std::move(elsewhere);
    {
      std::lock_guard lock(queue_mutex_);
      queue_.push_back(self);
      if (std::exchange(leading_, true)) return;
    }
    lead(self);
  };
}

// Commits what waits, lets the next one lead, and then tells everybody: while they go on the disk is at work again.
void Rows::lead(const std::shared_ptr<Waiting>& self) {
  std::vector<std::shared_ptr<Waiting>> group;
  {
    std::lock_guard lock(queue_mutex_);
    group = std::exchange(queue_, {});
  }
  commit_group(group);
  std::shared_ptr<Waiting> next;
  {
    std::lock_guard lock(queue_mutex_);
    leading_ = !queue_.empty();
    if (leading_) next = queue_.front();
  }
  if (next && next->then)
    next->elsewhere([this, next] { lead(next); });
  else if (next)
    next->become(Waiting::leads);
  for (auto& waiting : group) {
    if (waiting->then)
      waiting->then(waiting->failure);
    else if (waiting != self)
      waiting->become(Waiting::done);
  }
}

void Rows::after_commit(std::function<void()> then) {
  if (inside())
    after_.push_back(std::move(then));
  else
    then();
}

// All bodies without a savepoint, which costs as much as a small body does. When one fails, nothing was done and a new
// transaction is open.
bool Rows::run_at_once(const std::vector<std::shared_ptr<Waiting>>& group) {
  try {
    for (auto& waiting : group) {
      ActingFrom there(waiting->origin);
      waiting->body();
    }
    return true;
  } catch (...) {
    if (!is_open()) throw;  // no body's fault
    roll_back();
    after_.clear();
    begin();
    return false;
  }
}

void Rows::run_group(const std::vector<std::shared_ptr<Waiting>>& group) {
  bool alone = group.size() == 1;
  bool repeatable = std::all_of(group.begin(), group.end(), [](auto& waiting) { return bool(waiting->then); });
  begin();
  if (!alone && repeatable && run_at_once(group)) return commit();
  for (auto& waiting : group) {
    if (!alone) run("SAVEPOINT body");
    auto told_before = after_.size();
    try {
      ActingFrom there(waiting->origin);
      waiting->body();
    } catch (...) {
      waiting->failure = std::current_exception();
      if (alone || !is_open()) throw;  // a full disk ends the whole transaction, and so does a connection that is lost
      run("ROLLBACK TO body");
      after_.resize(told_before);
    }
    if (!alone) run("RELEASE body");
  }
  commit();
}

void Rows::commit_group(const std::vector<std::shared_ptr<Waiting>>& group) {
  std::vector<std::function<void()>> after;
  {
    std::lock_guard lock(mutex_);
    owner_ = std::this_thread::get_id();
    try {
      run_group(group);
      after = std::exchange(after_, {});
    } catch (...) {  // nothing of it was written
      for (auto& waiting : group)
        if (!waiting->failure) waiting->failure = std::current_exception();
      roll_back();
      after_.clear();
    }
    owner_ = std::thread::id();
  }
  for (auto& then : after) then();
}

}  // namespace gyre
