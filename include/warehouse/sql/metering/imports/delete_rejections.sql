-- A file that is imported again on purpose is judged anew.
DELETE FROM metering.rejections WHERE import_key = :import_key
