//! What has to have happened in the runs together.

/// What has to have happened for a run to be worth something.
#[derive(Debug, Default)]
pub(crate) struct Sometimes {
    pub(crate) writes_refused: usize,
    pub(crate) leases_taken_over: usize,
    pub(crate) hints_lost: usize,
    pub(crate) hints_lost_of_a_busy_lane: usize,
    pub(crate) strays_put_in_order: usize,
    pub(crate) strays_passed_by: usize,
    pub(crate) leases_lapsed_and_went_on: usize,
    pub(crate) shards_given_back: usize,
    pub(crate) attempts_made_twice: usize,
    pub(crate) attempts_failed: usize,
    pub(crate) answers_too_late: usize,
}

impl Sometimes {
    pub(crate) fn add(&mut self, other: &Self) {
        self.writes_refused += other.writes_refused;
        self.leases_taken_over += other.leases_taken_over;
        self.hints_lost += other.hints_lost;
        self.hints_lost_of_a_busy_lane += other.hints_lost_of_a_busy_lane;
        self.strays_put_in_order += other.strays_put_in_order;
        self.strays_passed_by += other.strays_passed_by;
        self.leases_lapsed_and_went_on += other.leases_lapsed_and_went_on;
        self.shards_given_back += other.shards_given_back;
        self.attempts_made_twice += other.attempts_made_twice;
        self.attempts_failed += other.attempts_failed;
        self.answers_too_late += other.answers_too_late;
    }

    pub(crate) fn all_happened(&self) {
        let all = [
            ("a write of an owner that was none any more was refused", self.writes_refused),
            ("a lease was taken over", self.leases_taken_over),
            ("a hint was lost", self.hints_lost),
            ("a hint was lost where something waits for long", self.hints_lost_of_a_busy_lane),
            ("a stray was put in order", self.strays_put_in_order),
            ("a stray was passed by, and found by the page after it", self.strays_passed_by),
            ("a lease lapsed, and nobody took it over", self.leases_lapsed_and_went_on),
            ("shards were given back", self.shards_given_back),
            ("an attempt was made twice", self.attempts_made_twice),
            ("an attempt failed", self.attempts_failed),
            ("the database did something late", self.answers_too_late),
        ];
        for (what, times) in all {
            assert!(times > 0, "it never happened that {what}: this has not tested it");
        }
    }
}
