//! Describes the measured machine, and reads processor times.

use std::fs;
use std::time::Duration;

use crate::load::Result;

/// Returns time and place of a measurement, with the machine's load.
pub fn describe() -> Result<String> {
    let date = output("date", &["-u", "+%F %H:%M UTC"])?;
    let information = fs::read_to_string("/proc/cpuinfo")?;
    let model = information.lines().find_map(|line| line.strip_prefix("model name\t: "));
    let load = fs::read_to_string("/proc/loadavg")?;
    Ok(format!(
        "{date}, {} cores ({}), load {}",
        std::thread::available_parallelism()?,
        model.unwrap_or("unknown"),
        load.split(' ').next().unwrap_or("unknown"),
    ))
}

fn output(program: &str, arguments: &[&str]) -> Result<String> {
    let output = std::process::Command::new(program).args(arguments).output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// Returns the processor time of this process.
pub fn processor_time() -> Result<Duration> {
    processor_time_of("self")
}

/// Returns the processor time of a process, in steps of 10 ms.
pub fn processor_time_of(process: &str) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The process's name, in parentheses, can contain any character.
    let (_, fields) = stat.rsplit_once(')').ok_or("no name")?;
    let ticks = |index: usize| -> Result<u64> {
        Ok(fields.split_whitespace().nth(index).ok_or("no time")?.parse()?)
    };
    Ok(Duration::from_millis((ticks(11)? + ticks(12)?) * 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_process_counts_up() {
        let before = processor_time().unwrap();
        let mut sum = 0_u64;
        while processor_time().unwrap() < before + Duration::from_millis(20) {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(describe().unwrap().contains("UTC"));
    }
}
