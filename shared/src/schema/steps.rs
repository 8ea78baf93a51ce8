//! The steps there are, and what must hold between them.

use std::ops::RangeInclusive;

use super::{PLANNED, RELEASED, Step, StepNumber, vat_code};

/// A list of steps. [`Schema::of_the_product`] is the one that counts; tests make others.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    steps: &'static [Step],
    released: &'static RangeInclusive<u16>,
    planned: &'static RangeInclusive<u16>,
}

/// What is wrong with a list of steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// The order.
    #[error("step {} does not come after the one before it", .0.0)]
    OutOfOrder(StepNumber),
    /// The range.
    #[error("step {} is neither among the released numbers nor among the planned ones", .0.0)]
    OutsideRanges(StepNumber),
    /// A dependency.
    #[error("step {} needs step {}, which does not come before it", .step.0, .needed.0)]
    NeedsUnknown {
        /// Which needs.
        step: StepNumber,
        /// What.
        needed: StepNumber,
    },
    /// A released step needs one that may still change.
    #[error("step {} is released and needs step {}, which is not", .step.0, .needed.0)]
    NeedsPlanned {
        /// Which needs.
        step: StepNumber,
        /// What.
        needed: StepNumber,
    },
    /// The old form would go in the release that brings the new one.
    #[error("step {} is contracted in no later release than it is expanded in", .0.0)]
    ContractsAtOnce(StepNumber),
}

impl Schema {
    /// The product's own steps.
    pub const fn of_the_product() -> Self {
        Self {
            steps: &[vat_code::STEP],
            released: &RELEASED,
            planned: &PLANNED,
        }
    }

    /// Steps of a test.
    #[cfg(test)]
    pub(super) const fn of(
        steps: &'static [Step],
        released: &'static RangeInclusive<u16>,
        planned: &'static RangeInclusive<u16>,
    ) -> Self {
        Self {
            steps,
            released,
            planned,
        }
    }

    /// All steps, by number.
    pub const fn steps(&self) -> &'static [Step] {
        self.steps
    }

    /// One step.
    pub fn step(&self, number: StepNumber) -> Option<&'static Step> {
        self.steps.iter().find(|step| step.number == number)
    }

    /// Whether a step is part of a released program, so that a hub may carry it out.
    pub fn is_released(&self, number: StepNumber) -> bool {
        self.released.contains(&number.0)
    }

    /// Steps that need this one.
    pub fn needing(&self, number: StepNumber) -> impl Iterator<Item = &'static Step> {
        self.steps
            .iter()
            .filter(move |step| step.needs.contains(&number))
    }

    /// # Errors
    /// The first [`Flaw`].
    pub fn check(&self) -> Result<(), Flaw> {
        let mut before: Option<StepNumber> = None;
        for step in self.steps {
            let number = step.number;
            if before.is_some_and(|before| before >= number) {
                return Err(Flaw::OutOfOrder(number));
            }
            before = Some(number);
            if !self.released.contains(&number.0) && !self.planned.contains(&number.0) {
                return Err(Flaw::OutsideRanges(number));
            }
            for &needed in step.needs {
                if needed >= number || self.step(needed).is_none() {
                    return Err(Flaw::NeedsUnknown {
                        step: number,
                        needed,
                    });
                }
                if self.is_released(number) && !self.is_released(needed) {
                    return Err(Flaw::NeedsPlanned {
                        step: number,
                        needed,
                    });
                }
            }
            if step.contracted_in <= step.expanded_in {
                return Err(Flaw::ContractsAtOnce(number));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Release;
    use super::*;

    const ONE: Step = vat_code::STEP;
    const TWO: Step = Step {
        number: StepNumber(2),
        needs: &[StepNumber(1)],
        ..ONE
    };

    fn flaw(steps: &'static [Step]) -> Option<Flaw> {
        Schema::of(steps, &(1..=1), &(2..=9)).check().err()
    }

    #[test]
    fn the_products_own_steps_have_no_flaw() {
        assert_eq!(Schema::of_the_product().check(), Ok(()));
        assert_eq!(flaw(&[ONE, TWO]), None);
    }

    #[test]
    fn steps_that_cannot_be_carried_out_in_their_order_are_found() {
        const TEN: Step = Step {
            number: StepNumber(10),
            ..ONE
        };
        const NEEDS_LATER: Step = Step {
            needs: &[StepNumber(2)],
            ..ONE
        };
        const AT_ONCE: Step = Step {
            contracted_in: Release(2),
            expanded_in: Release(2),
            ..ONE
        };
        const RELEASED_TWO: Schema = Schema::of(&[ONE, TWO], &(2..=2), &(1..=1));
        assert_eq!(flaw(&[TWO, ONE]), Some(Flaw::OutOfOrder(StepNumber(1))));
        assert_eq!(flaw(&[ONE, ONE]), Some(Flaw::OutOfOrder(StepNumber(1))));
        assert_eq!(flaw(&[ONE, TEN]), Some(Flaw::OutsideRanges(StepNumber(10))));
        assert_eq!(
            flaw(&[NEEDS_LATER, TWO]),
            Some(Flaw::NeedsUnknown {
                step: StepNumber(1),
                needed: StepNumber(2)
            })
        );
        assert_eq!(flaw(&[AT_ONCE]), Some(Flaw::ContractsAtOnce(StepNumber(1))));
        assert_eq!(
            RELEASED_TWO.check(),
            Err(Flaw::NeedsPlanned {
                step: StepNumber(2),
                needed: StepNumber(1)
            })
        );
    }

    /// Other replicas hold what a released step wrote: a number stands for one name for ever.
    #[test]
    fn released_numbers_keep_their_names() {
        let names: Vec<(u16, &str)> = Schema::of_the_product()
            .steps()
            .iter()
            .filter(|step| RELEASED.contains(&step.number.0))
            .map(|step| (step.number.0, step.name))
            .collect();
        assert_eq!(names, [(1, "vat-code")]);
    }
}
