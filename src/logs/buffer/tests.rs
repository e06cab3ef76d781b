//! The ring against a plain double-ended queue.

use super::*;
use crate::logs::line::Head;
use proptest::prelude::*;

fn batch(lines: &[Vec<u8>]) -> Batch {
    let mut batch = Batch::new();
    for (at_ns, line) in lines.iter().enumerate() {
        batch.push(line, Head { at_ns: at_ns as i64, ..Head::default() });
    }
    batch
}

#[test]
fn a_batch_beyond_the_limit_keeps_its_end() {
    let mut buffer = Buffer::new(1000);
    buffer.push(batch(&vec![vec![b'x'; 76]; 50]));
    assert!(buffer.held_bytes() <= 1000 && !buffer.is_empty());
    assert_eq!(buffer.first_no() + buffer.len() as i64, 50);
    assert_eq!(buffer.dropped() as i64, buffer.first_no());
    assert_eq!(buffer.newest_ns(), Some(49));
}

#[test]
fn lines_paged_in_have_lower_numbers_and_the_surplus_is_refused() {
    let mut buffer = Buffer::new(2000);
    buffer.push(batch(&[b"now".to_vec()]));
    let refused = buffer.prepend(&batch(&vec![vec![b'o'; 76]; 50]));
    assert!(refused > 0 && refused < 50);
    assert_eq!(buffer.first_no(), refused as i64 - 50);
    assert_eq!(buffer.oldest_ns(), Some(refused as i64));
    assert_eq!(buffer.line(0).unwrap().bytes, b"now");
}

proptest! {
    #[test]
    fn it_is_a_queue_that_forgets_its_oldest(
        steps in proptest::collection::vec((any::<bool>(), proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 1..12)), 1..40),
        limit in 300..6000_usize,
    ) {
        let (mut buffer, mut model, mut first_no) = (Buffer::new(limit), VecDeque::new(), 0_i64);
        for (is_push, lines) in steps {
            if is_push {
                buffer.push(batch(&lines));
                model.extend(lines);
            } else {
                let refused = buffer.prepend(&batch(&lines));
                for line in lines.into_iter().skip(refused).rev() {
                    model.push_front(line);
                    first_no -= 1;
                }
            }
            while first_no < buffer.first_no() {
                model.pop_front();
                first_no += 1;
            }
            prop_assert!(buffer.held_bytes() <= limit);
            prop_assert_eq!(buffer.len(), model.len());
            for (index, line) in model.iter().enumerate() {
                prop_assert_eq!(buffer.get(index).unwrap().bytes, &line[..]);
                prop_assert_eq!(buffer.line(first_no + index as i64).unwrap().bytes, &line[..]);
            }
            prop_assert!(buffer.get(model.len()).is_none());
        }
    }
}
