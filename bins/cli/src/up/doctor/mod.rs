//! stub
use super::DoctorArgs;
use crate::context::Context;
use crate::output::{Output, internal};
use maestro_wire::ErrorBody;

pub async fn doctor(_arguments: DoctorArgs, _ctx: &Context) -> Result<Output, ErrorBody> {
    Err(internal("not there yet"))
}
