//! `up`, `down`, `logs`, `doctor`: the stack of one home.

use clap::Args;
use maestro_wire::ErrorBody;

use crate::context::Context;
use crate::output::{Output, internal};

/// Start the stack of this home and look after it
#[derive(Args, Debug)]
pub struct UpArgs {}

/// Stop the stack of this home
#[derive(Args, Debug)]
pub struct DownArgs {}

/// Show what the programs of the stack log
#[derive(Args, Debug)]
pub struct LogsArgs {}

/// Check everything that Maestro needs
#[derive(Args, Debug)]
pub struct DoctorArgs {}

pub async fn up(_args: UpArgs, _ctx: &Context) -> Result<Output, ErrorBody> {
    Err(internal("not there yet"))
}

pub async fn down(_args: DownArgs, _ctx: &Context) -> Result<Output, ErrorBody> {
    Err(internal("not there yet"))
}

pub async fn logs(_args: LogsArgs, _ctx: &Context) -> Result<Output, ErrorBody> {
    Err(internal("not there yet"))
}

pub async fn doctor(_args: DoctorArgs, _ctx: &Context) -> Result<Output, ErrorBody> {
    Err(internal("not there yet"))
}
